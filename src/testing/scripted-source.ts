import type { SourceConnector } from '../connector/registry.js'
import type { SourceContext, SourceReader, SplitEnumerator } from '../connector/source.js'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import type { SplitPosition } from '../state/snapshot.js'
import type { ScriptTape } from './script.js'

/** The scripts of a run by the ids of its sources, and how far each has been read. */
export class ScriptedSources {
  readonly #tapes: ReadonlyMap<string, ScriptTape>
  readonly #positions = new Map<string, number>()
  /** Each stops a reader from listening to its script. */
  readonly #listening = new Set<() => void>()

  constructor(tapes: ReadonlyMap<string, ScriptTape>) {
    this.#tapes = tapes
  }

  tape(source: string): ScriptTape {
    const tape = this.#tapes.get(source)
    assert(tape !== undefined, 'every source of a tested job has a script', { source })
    return tape
  }

  /** Whoever reads the split now stands at `position`. */
  isAt(source: string, split: number, position: number): void {
    this.#positions.set(`${source} ${split}`, position)
  }

  /** Calls `listener` whenever the script has grown or ended, until what is returned is called or all is closed. */
  listen(source: string, listener: () => void): () => void {
    const stop = this.tape(source).onChange(listener)
    this.#listening.add(stop)
    return () => {
      this.#listening.delete(stop)
      stop()
    }
  }

  /** The run is over: its scripts may be another's. */
  close(): void {
    for (const stop of this.#listening) stop()
    this.#listening.clear()
  }

  /** Whether all that the scripts hold at this moment has been read once it is asked. */
  mark(): () => boolean {
    const ends = [...this.#tapes].flatMap(([source, tape]) =>
      Array.from({ length: tape.splits }, (_, split) => ({
        split: `${source} ${split}`,
        end: tape.lengthOf(split),
      })),
    )
    return () => ends.every(({ split, end }) => (this.#positions.get(split) ?? 0) >= end)
  }
}

/** Where a split stands: the next record, counted from 0, and how many splits its script has. */
interface ScriptPosition {
  readonly next: number
  readonly splits: number
}

/** What reads scripts, under whatever name a job's own connector has. Its options name the source. */
export function scriptedSource(sources: ScriptedSources): SourceConnector {
  return {
    enumerator: (options) => new ScriptEnumerator(sources.tape(sourceOf(options))),
    reader: ({ options }, ctx) => new ScriptReader(sourceOf(options), sources, ctx),
    misfit: (options, split) => misfitOf(sources.tape(sourceOf(options)), split),
  }
}

/** A script has all its splits from the beginning. */
class ScriptEnumerator implements SplitEnumerator {
  readonly discoverEveryMs = undefined
  readonly #tape: ScriptTape

  constructor(tape: ScriptTape) {
    this.#tape = tape
  }

  async resolve(): Promise<readonly SplitPosition[]> {
    return Array.from({ length: this.#tape.splits }, (_, split) => splitAt(this.#tape, split, 0))
  }

  async discover(): Promise<readonly SplitPosition[]> {
    return []
  }

  async close(): Promise<void> {}
}

/** Reads its splits of a script, in turn; what is added later wakes it. */
class ScriptReader implements SourceReader {
  readonly #source: string
  readonly #sources: ScriptedSources
  readonly #tape: ScriptTape
  readonly #ctx: SourceContext
  readonly #stopListening: () => void
  readonly #cursors: { readonly split: number; next: number }[] = []

  constructor(source: string, sources: ScriptedSources, ctx: SourceContext) {
    this.#source = source
    this.#sources = sources
    this.#tape = sources.tape(source)
    this.#ctx = ctx
    // In a turn of its own thread: a dead one has none.
    this.#stopListening = sources.listen(source, () => ctx.clock.soon(() => ctx.ready()))
  }

  /** Throws RT1801 for one that stands behind the end of the script. */
  addSplits(splits: readonly SplitPosition[]): void {
    for (const { owner: split, position } of splits) {
      const { next } = position as ScriptPosition
      const length = this.#tape.lengthOf(split)
      if (next > length) throw tooShort(this.#source, split, next, length)
      this.#cursors.push({ split, next })
      this.#sources.isAt(this.#source, split, next)
    }
  }

  poll(): 'more' | 'idle' | 'end' {
    const share = Math.ceil(LIMITS.batchRecords / Math.max(1, this.#cursors.length))
    let isAtEnd = true
    for (const cursor of this.#cursors) {
      const { split, next } = cursor
      const length = this.#tape.lengthOf(split)
      const end = Math.min(length, next + share)
      for (let at = next; at < end; at++) this.#ctx.emit(this.#tape.recordAt(split, at))
      cursor.next = end
      this.#sources.isAt(this.#source, split, end)
      if (end < length) isAtEnd = false
    }
    if (!isAtEnd) return 'more'
    return this.#tape.isEnded ? 'end' : 'idle'
  }

  positions(): readonly SplitPosition[] {
    return this.#cursors.map(({ split, next }) => splitAt(this.#tape, split, next))
  }

  async close(): Promise<void> {
    this.#stopListening()
  }
}

function splitAt(tape: ScriptTape, split: number, next: number): SplitPosition {
  const position: ScriptPosition = { next, splits: tape.splits }
  const ended = tape.isEnded && next >= tape.lengthOf(split)
  return { split: `script-${split}`, owner: split, position, ended }
}

function misfitOf(tape: ScriptTape, { position }: SplitPosition): string | undefined {
  const { splits } = position as ScriptPosition
  if (splits === tape.splits) return undefined
  return `its script had ${splitsOf(splits)} and now has ${splitsOf(tape.splits)}`
}

function splitsOf(count: number): string {
  return count === 1 ? '1 split' : `${count} splits`
}

function tooShort(source: string, split: number, next: number, length: number): RetakeError {
  return new RetakeError('RT1801', {
    what: `source ${JSON.stringify(source)} was to go on at record ${next} of split ${split} of its script`,
    why: `the script has ${length} there`,
    fix: 'give it the script that it has read, or another one with as many records and new ones behind them',
  })
}

function sourceOf(options: Readonly<Record<string, unknown>>): string {
  return String(options['source'])
}
