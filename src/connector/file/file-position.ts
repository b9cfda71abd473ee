import { assert } from '../../kit/assert.js'
import type { SplitPosition } from '../../state/snapshot.js'

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

export function filePosition({ split, position }: SplitPosition): FilePosition {
  const { path, offset, lines, stop } = position as FilePosition
  const isKnown = path === split && [offset, lines, stop].every(Number.isSafeInteger)
  assert(isKnown, 'a split is not one of files', { split, position })
  return { path, offset, lines, stop }
}
