import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const { messages } = SIZES.pingPong

export const pingPong: Benchmark = {
  name: 'ping-pong',
  question: 'How long does one message take, when each waits for the one before?',
  unit: 'messages',
  async prepare(scale) {
    return {
      configuration: SIZES.pingPong,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 5 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = { retake: retakePingPong, nact: nact.pingPong }

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakePingPong(): Round {
  return roundOf(messages, (done) => {
    const system = retakeSystem()
    const ping = new Player(done)
    const pong = new Player(done)
    const first = system.spawn('ping', ping)
    pong.other = first
    ping.other = system.spawn('pong', pong)
    return () => system.send(first, { type: 'ball', left: messages })
  })
}

interface Ball {
  readonly type: 'ball'
  readonly left: number
}

class Player implements Actor<Ball> {
  other: ActorRef<Ball> | undefined
  readonly #done: () => void

  constructor(done: () => void) {
    this.#done = done
  }

  receive({ left }: Ball, ctx: ActorContext<Ball>): void {
    if (left === 1) this.#done()
    else ctx.send(this.other!, { type: 'ball', left: left - 1 })
  }
}
