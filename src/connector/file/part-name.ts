import type { OperatorId, RunId } from '../../kit/ids.js'
import type { PieceName } from '../staged-pieces.js'

/** Who wrote a file, and which of its files it is. */
export interface PartName {
  /** The subtask that staged it. */
  readonly owner: number
  readonly checkpoint: number
  readonly number: number
}

/**
 * The name under which a piece is published, for ever: `part-<run>-<sink>-<subtask>-<checkpoint>-<number>.jsonl`. Two
 * pieces never have one name, whatever runs, jobs and sinks share a folder, and one piece has one name, however often
 * it is published.
 */
export function partName(sink: OperatorId, { run, owner, checkpoint, number }: PieceName): string {
  return `${prefix(run, sink)}${owner}-${checkpoint}-${number}.jsonl`
}

/** The parts of `run` and `sink` among the names in a folder. */
export function partsAmong(names: readonly string[], run: RunId, sink: OperatorId): PartName[] {
  const before = prefix(run, sink)
  return names.flatMap((name) => {
    const [, owner, checkpoint, number] =
      (name.startsWith(before) && /^(\d+)-(\d+)-(\d+)\.jsonl$/.exec(name.slice(before.length))) || []
    if (owner === undefined) return []
    return [{ owner: Number(owner), checkpoint: Number(checkpoint), number: Number(number) }]
  })
}

/** What `run` has under way: hidden, so that nobody reads it. Once a run is fenced, a file has this name. */
export function stagingName(run: RunId, sink: OperatorId): string {
  return `.staging-${run}-${spelled(sink)}`
}

function prefix(run: RunId, sink: OperatorId): string {
  return `part-${run}-${spelled(sink)}-`
}

/** A sink's id as it may stand in a file's name: two ids never become one. */
function spelled(sink: OperatorId): string {
  return encodeURIComponent(sink).replaceAll('*', '%2A').replaceAll('.', '%2E')
}
