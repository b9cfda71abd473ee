import type { Address } from '#src/actor/actor.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { ChannelReceiver, ChannelSender } from './channel-actors.js'
import { BATCH_RECORDS, clickBatch } from './click-batch.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const FRAMES = 2_000
/** Frames that a channel has in flight at most. */
const WINDOW = 16

export const channelByReference: Benchmark = {
  name: 'channel-by-reference',
  question: 'How many batches a second go from one subtask to another of the same thread?',
  unit: 'frames',
  async prepare(scale) {
    return {
      configuration: { recordsPerFrame: BATCH_RECORDS, framesPerRound: FRAMES },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'at-least', of: 'retake', figure: 'rate', aim: 300_000, floor: 50_000 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake: () =>
    roundOf(FRAMES, (done) => {
      const system = retakeSystem()
      system.spawn('receiver', new ChannelReceiver('bench.sender' as Address, FRAMES))
      const sender = system.spawn('sender', new ChannelSender('bench.receiver' as Address, done))
      return () => system.send(sender, { type: 'send', frames: FRAMES })
    }),
  /** The same copies of the batch through an array; sender and receiver have their turns on the event loop. */
  'bare array'() {
    const clicks = clickBatch()
    return async () => {
      let records = 0
      for (let sent = 0; sent < FRAMES; sent += WINDOW) {
        const queue = Array.from({ length: WINDOW }, () => clicks.slice())
        await new Promise((resolve) => setImmediate(resolve))
        for (const batch of queue) records += batch.length
      }
      return records / BATCH_RECORDS
    }
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}
