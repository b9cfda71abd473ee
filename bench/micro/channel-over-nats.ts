import { Packr } from 'msgpackr'
import type { Address } from '#src/actor/actor.js'
import type { SystemId } from '#src/kit/ids.js'
import { startNats } from '../../test/support/nats-server.js'
import { publishes, subscribe } from '../peers/raw-nats.js'
import { apart } from '../suite/apart.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { ChannelReceiver, ChannelSender } from './channel-actors.js'
import { BATCH_RECORDS, clickBatch, FRAME_BYTES } from './click-batch.js'
import { secondsOf } from './contenders.js'
import { startPartner } from './partner.js'
import { natsSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const FRAMES = 1_000

export const channelOverNats: Benchmark = {
  name: 'channel-over-nats',
  question: 'How many batches a second go from one subtask to another in another process, over NATS?',
  unit: 'frames',
  async prepare(scale) {
    const nats = await startNats({ version: 'any' })
    const { url, pid: natsPid } = nats
    return {
      configuration: {
        natsServer: nats.version,
        recordsPerFrame: BATCH_RECORDS,
        frameBytes: FRAME_BYTES,
        framesPerRound: FRAMES,
      },
      contenders: CONTENDERS.map((contender) => ({
        name: contender,
        measure: () =>
          apart<Input>(import.meta.url, { contender, url, natsPid, seconds: 2 * secondsOf(scale) }),
      })),
      targets: [{ kind: 'ratio', of: 'retake', over: 'raw NATS and msgpackr', aim: 0.7, floor: 0.4 }],
      dispose: () => nats.stop(),
    }
  },
}

/** `raw NATS` is the ceiling: bytes that were made before, and that nobody reads. */
const CONTENDERS = ['retake', 'raw NATS and msgpackr', 'raw NATS'] as const

interface Input {
  readonly contender: (typeof CONTENDERS)[number]
  readonly url: string
  readonly natsPid: number | undefined
  readonly seconds: number
}

export async function measure(input: Input): Promise<Sample> {
  const { contender, url, natsPid, seconds } = input
  const partner = await startPartner(import.meta.url, input)
  const round = await ROUNDS[contender](url)
  return steadyState(seconds, round, natsPid === undefined ? [partner.pid] : [partner.pid, natsPid])
}

/** The receiving process. */
export async function serve({ contender, url }: Input): Promise<void> {
  if (contender === 'raw NATS') return subscribe(url, () => {})
  if (contender === 'raw NATS and msgpackr') return subscribe(url, readerOfRows())
  const system = await natsSystem('there' as SystemId, url)
  system.spawn('receiver', new ChannelReceiver('here.sender' as Address, FRAMES))
}

const ROUNDS: Readonly<Record<Input['contender'], (url: string) => Promise<Round>>> = {
  retake: retakeFrames,
  'raw NATS'(url) {
    const bytes = new Uint8Array(FRAME_BYTES)
    return publishes(url, FRAMES, () => bytes)
  },
  'raw NATS and msgpackr'(url) {
    const packr = new Packr({ useRecords: true })
    const clicks = clickBatch()
    return publishes(url, FRAMES, () => packr.pack(clicks))
  },
}

/** Each batch stands by itself, so a reader need not have met the batches before. */
function readerOfRows(): (bytes: Uint8Array) => void {
  const packr = new Packr({ useRecords: true })
  return (bytes) => {
    const rows: unknown[] = packr.unpack(bytes)
    if (rows.length !== BATCH_RECORDS) throw new Error(`${rows.length} rows came`)
  }
}

async function retakeFrames(url: string): Promise<Round> {
  const system = await natsSystem('here' as SystemId, url)
  return roundOf(FRAMES, (done) => {
    const sender = system.spawn('sender', new ChannelSender('there.receiver' as Address, done))
    return () => system.send(sender, { type: 'send', frames: FRAMES })
  })
}
