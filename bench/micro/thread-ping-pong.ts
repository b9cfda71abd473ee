import { once } from 'node:events'
import { type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads'
import type { Actor, ActorContext, ActorRef, Address } from '#src/actor/actor.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import type { SystemId } from '#src/kit/ids.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { roundOf, steadyState } from './steady-state.js'

const MESSAGES = 2_000

export const threadPingPong: Benchmark = {
  name: 'thread-ping-pong',
  question: 'How long does a message take to an actor in another thread, and the answer back?',
  unit: 'messages',
  async prepare(scale) {
    return {
      configuration: { messages: MESSAGES },
      contenders: contendersOf(import.meta.url, Object.keys(PLAYS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare MessagePort', aim: 0.7, floor: 0.4 }],
    }
  },
}

interface Ball {
  readonly type: 'ball'
  readonly left: number
}

type End = 'ping' | 'pong'

/** What plays at one end of a port; `ping` is done when the last ball has come back. Returns what serves a ball. */
type Play = (end: End, port: MessagePort, done: () => void) => () => void

const PLAYS: Readonly<Record<string, Play>> = {
  retake(end, port, done) {
    const other = end === 'ping' ? 'pong' : 'ping'
    const transport = new MessagePortTransport({ keepsAlive: true })
    transport.addPeer(other as SystemId, port)
    const system = retakeSystem({ id: end as SystemId, transports: [transport] })
    const player = system.spawn('player', new Player(`${other}.player` as Address, done))
    return () => system.send(player, { type: 'ball', left: MESSAGES })
  },
  'bare MessagePort'(_end, port, done) {
    const pass = (left: number) => {
      if (left === 0) done()
      else port.postMessage({ type: 'ball', left: left - 1 })
    }
    port.on('message', ({ left }: Ball) => pass(left))
    return () => pass(MESSAGES)
  },
}

class Player implements Actor<Ball> {
  readonly #other: ActorRef<Ball>
  readonly #done: () => void

  constructor(other: Address, done: () => void) {
    this.#other = { address: other }
    this.#done = done
  }

  receive({ left }: Ball, ctx: ActorContext<Ball>): void {
    if (left === 0) this.#done()
    else ctx.send(this.#other, { type: 'ball', left: left - 1 })
  }
}

export async function measure({ contender, seconds }: Run): Promise<Sample> {
  const { port1, port2 } = new MessageChannel()
  const pong: Opponent = { contender, port: port2 as unknown as MessagePort }
  const worker = new Worker(new URL(import.meta.url), { workerData: pong, transferList: [pong.port] })
  await once(worker, 'message')
  const play = PLAYS[contender]!
  const round = roundOf(MESSAGES, (done) => play('ping', port1 as unknown as MessagePort, done))
  return steadyState(seconds, round)
}

interface Opponent {
  readonly contender: string
  readonly port: MessagePort
}

if (parentPort !== null) {
  const { contender, port } = workerData as Opponent
  PLAYS[contender]!('pong', port, () => {})
  parentPort.postMessage('ready')
}
