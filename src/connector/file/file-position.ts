import { isCount } from '../../kit/shape.js'
import type { SplitPosition } from '../../state/snapshot.js'
import { fieldsOf, noPosition } from '../kept-position.js'

/** Where one file stands, as a checkpoint keeps it. */
export interface FilePosition {
  /** Absolute; also the split's id. */
  readonly path: string
  /** In bytes: behind the end of the last line that was emitted or passed over. */
  readonly offset: number
  /** Lines before `offset`. */
  readonly lines: number
  /** Where reading ends: the size that the file had when the run began. */
  readonly stop: number
}

export function fileSplit(owner: number, { path, offset, lines, stop }: FilePosition): SplitPosition {
  return { split: path, owner, position: { path, offset, lines, stop }, ended: offset >= stop }
}

/** Throws RT1210 for a split that is no file. */
export function filePosition(split: SplitPosition): FilePosition {
  const { path, offset, lines, stop } = fieldsOf(split)
  const isKnown = path === split.split && isCount(offset) && isCount(lines) && isCount(stop)
  if (!isKnown) throw noPosition('a file', split)
  return { path: split.split, offset, lines, stop }
}
