import type { Attempt, ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import type { Frame } from '#src/record/element.js'
import { decodeFrame, encodeFrame, HEADER_BYTES } from '#src/record/frame-codec.js'
import { damagedFrom } from '../damage.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { chance, count, fields, listOf, pick, scalar, value } from '../draw.js'

/** What travels on a channel, of every kind; records as rows and otherwise. */
export const frame: Decoder<Frame> = {
  name: 'frame',
  sample(random) {
    const drawn = drawnFrame(random)
    const bytes = encodeFrame(drawn, { checksum: chance(random, 0.2) })
    const value = drawn.kind === 'element' ? { ...drawn, bytes: bytes.byteLength } : drawn
    return { bytes, value }
  },
  decode: decodeFrame,
  isRefusal: refusedWith('RT1521'),
  /** Damages the body, under a header that says its length, and now and then what it counts. */
  damage(random, { bytes }) {
    const other = encodeFrame(drawnFrame(random))
    const damaged = damagedFrom(random, bytes, HEADER_BYTES, other)
    const view = new DataView(damaged.buffer, damaged.byteOffset)
    damaged[4]! &= 2
    view.setUint32(28, damaged.length - HEADER_BYTES, true)
    if (chance(random, 0.2)) view.setUint32(24, pick(random, [0, 1, 2, 2 ** 16, 2 ** 32 - 1]), true)
    return damaged
  },
  faultOf(frame) {
    if (frame.kind !== 'element' || frame.element.kind !== 'records') return undefined
    return Array.isArray(frame.element.records) ? undefined : 'records that are no list'
  },
}

function drawnFrame(random: Random): Frame {
  const channel = randomInteger(random, 2 ** 32) as ChannelIndex
  const attempt = randomInteger(random, 2 ** 32) as Attempt
  const element = (element: Extract<Frame, { kind: 'element' }>['element']): Frame => ({
    kind: 'element',
    channel,
    attempt,
    sequence: count(random),
    bytes: 0,
    element,
  })
  const checkpoint = () => count(random) as CheckpointId
  return pick(random, [
    (): Frame => ({ kind: 'hello', channel, attempt }),
    (): Frame => ({ kind: 'beacon', channel, attempt, lastSequence: count(random) }),
    (): Frame => {
      const [frames, bytes, received] = [count(random), count(random), count(random)]
      return { kind: 'grant', channel, attempt, frames, bytes, received }
    },
    () => element({ kind: 'end-of-input' }),
    () => element({ kind: 'barrier', checkpoint: checkpoint(), aborted: listOf(random, 9, checkpoint) }),
    () => element({ kind: 'records', records: listOf(random, 20, () => value(random)) }),
    () => element({ kind: 'records', records: rows(random) }),
    () => element({ kind: 'records', records: rows(random) }),
  ])()
}

/** Objects with the same fields. */
export function rows(random: Random): object[] {
  const names = Object.keys({ id: 0, ...fields(random, () => 0) })
  return listOf(random, 30, () => Object.fromEntries(names.map((name) => [name, scalar(random)])))
}
