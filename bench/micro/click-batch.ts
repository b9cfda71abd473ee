import type { Attempt, ChannelIndex } from '#src/kit/ids.js'
import type { Frame } from '#src/record/element.js'
import { encodeFrame } from '#src/record/frame-codec.js'
import { type Click, clickAt } from '../jobs/clicks.js'

/** As many clicks as make a frame: a few more, and the outbox would close the batch at its 16 KB, as it estimates them. */
export const BATCH_RECORDS = 560

export function clickBatch(): Click[] {
  return Array.from({ length: BATCH_RECORDS }, (_, i) => clickAt(i * 7_919))
}

export function frameOf(records: readonly unknown[]): Frame {
  const [channel, attempt] = [0 as ChannelIndex, 1 as Attempt]
  return { kind: 'element', channel, attempt, sequence: 1, bytes: 0, element: { kind: 'records', records } }
}

/** Of that batch. */
export const FRAME_BYTES = encodeFrame(frameOf(clickBatch())).byteLength
