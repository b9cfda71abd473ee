import { once } from 'node:events'
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Address } from '#src/actor/actor.js'
import type { ActorSystem } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { SystemId } from '#src/kit/ids.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { ChannelReceiver, ChannelSender } from './channel-actors.js'
import { BATCH_RECORDS, clickBatch, FRAME_BYTES } from './click-batch.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const FRAMES = 1_000
/** Frames that may be under way; the bare receiver answers every fourth of them. */
const WINDOW = 16
const STEP = WINDOW / 4

export const channelByPort: Benchmark = {
  name: 'channel-by-port',
  question: 'How many batches a second go from one subtask to another in the next thread?',
  unit: 'frames',
  async prepare(scale) {
    return {
      configuration: { recordsPerFrame: BATCH_RECORDS, frameBytes: FRAME_BYTES, framesPerRound: FRAMES },
      contenders: contendersOf(import.meta.url, Object.keys(SENDERS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare port, the objects', aim: 1, floor: 0.5 }],
    }
  },
}

const SENDERS: Readonly<Record<string, (port: MessagePort) => Round>> = {
  retake: (port) =>
    roundOf(FRAMES, (done) => {
      const system = systemAt('here', 'there', port)
      const sender = system.spawn('sender', new ChannelSender('there.receiver' as Address, done))
      return () => system.send(sender, { type: 'send', frames: FRAMES })
    }),
  /** The ceiling: bytes that were made before, and that nobody reads. */
  'bare port, the bytes'(port) {
    const bytes = new Uint8Array(FRAME_BYTES)
    return bareRound(port, () => {
      const copy = bytes.slice() // what is posted is gone
      port.postMessage(copy, [copy.buffer])
    })
  },
  /** The platform's own copies of the objects. */
  'bare port, the objects'(port) {
    const clicks = clickBatch()
    return bareRound(port, () => port.postMessage(clicks))
  },
}

export async function measure({ contender, seconds }: Run): Promise<Sample> {
  const { port1, port2 } = new MessageChannel()
  const there: OtherEnd = { contender, port: port2 as unknown as MessagePort }
  const worker = new Worker(new URL(import.meta.url), { workerData: there, transferList: [there.port] })
  await once(worker, 'message')
  return steadyState(seconds, SENDERS[contender]!(port1 as unknown as MessagePort))
}

function bareRound(port: MessagePort, send: () => void): Round {
  return roundOf(FRAMES, (done) => {
    let [sent, came] = [0, 0]
    const sendOn = () => {
      for (; sent < FRAMES && sent - came < WINDOW; sent++) send()
    }
    port.on('message', () => {
      came += STEP
      if (came === FRAMES) done()
      else sendOn()
    })
    return () => {
      sent = 0
      came = 0
      sendOn()
    }
  })
}

interface OtherEnd {
  readonly contender: string
  readonly port: MessagePort
}

function receive({ contender, port }: OtherEnd): void {
  if (contender === 'retake') {
    systemAt('there', 'here', port).spawn('receiver', new ChannelReceiver('here.sender' as Address, FRAMES))
    return
  }
  let came = 0
  port.on('message', () => {
    if (++came % STEP === 0) port.postMessage(came)
  })
}

function systemAt(id: string, peer: string, port: MessagePort): ActorSystem {
  const transport = new MessagePortTransport({ keepsAlive: true })
  transport.addPeer(peer as SystemId, port)
  return retakeSystem({ id: id as SystemId, transports: [transport] })
}

if (parentPort !== null) {
  receive(workerData as OtherEnd)
  parentPort.postMessage('ready')
}
