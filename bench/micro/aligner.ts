import { BarrierAligner } from '#src/channel/barrier-aligner.js'
import type { ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { contendersOf, type Run } from './contenders.js'
import { type Round, steadyState } from './steady-state.js'

const CHANNELS = 100
/** How often a reader asks whether a channel is blocked, for each barrier that comes: once a batch. */
const ASKED = 10
/** … and is answered that it is, in all of an alignment: the last ones ask for the first. */
const WAITING = (ASKED * (ASKED - 1)) / 2

export const aligner: Benchmark = {
  name: 'aligner',
  question: 'How many barriers a second does a subtask with a hundred inputs align?',
  unit: 'barriers',
  async prepare(scale) {
    return {
      configuration: { channels: CHANNELS, askedPerBarrier: ASKED },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'at-least', of: 'retake', figure: 'rate', aim: 1e6, floor: 2e5 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake() {
    const barriers = new BarrierAligner(CHANNELS)
    return aligned(
      (channel) => barriers.isBlocked(channel),
      (channel, checkpoint) => barriers.onBarrier(channel, checkpoint) === 'aligned',
    )
  },
  /** What cannot be done with less: a byte for each channel, and a count. It knows no late, no aborted, no newer one. */
  'bare counter'() {
    const blocked = new Uint8Array(CHANNELS)
    let delivered = 0
    return aligned(
      (channel) => blocked[channel] === 1,
      (channel) => {
        blocked[channel] = 1
        if (++delivered < CHANNELS) return false
        blocked.fill(0)
        delivered = 0
        return true
      },
    )
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function aligned(
  isBlocked: (channel: ChannelIndex) => boolean,
  onBarrier: (channel: ChannelIndex, checkpoint: CheckpointId) => boolean,
): Round {
  let checkpoint = 0
  return () => {
    let alignments = 0
    let waiting = 0
    for (let i = 0; i < 100; i++) {
      checkpoint++
      for (let channel = 0; channel < CHANNELS; channel++) {
        for (let ask = 0; ask < ASKED; ask++) {
          const other = ((channel + ask) % CHANNELS) as ChannelIndex
          if (isBlocked(other)) waiting++
        }
        if (onBarrier(channel as ChannelIndex, checkpoint as CheckpointId)) alignments++
      }
    }
    if (waiting !== alignments * WAITING) throw new Error(`${waiting} answers were that a channel is blocked`)
    return alignments * CHANNELS
  }
}
