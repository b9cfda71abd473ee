import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { lotOf, SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const { actors, pingsEach } = SIZES.big

export const big: Benchmark = {
  name: 'big',
  question: 'How many messages a second go between many actors, each with any other?',
  unit: 'messages',
  async prepare(scale) {
    return {
      configuration: SIZES.big,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 2 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = { retake: retakeBig, nact: nact.big }

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeBig(): Round {
  return roundOf(actors * pingsEach * 2, (done) => {
    const system = retakeSystem()
    let ended = 0
    const onEnd = () => {
      if (++ended % actors === 0) done()
    }
    const refs: ActorRef<PeerMessage>[] = []
    for (let i = 0; i < actors; i++) refs.push(system.spawn(`peer-${i}`, new Peer(i, refs, onEnd)))
    return () => {
      for (const ref of refs) system.send(ref, { type: 'begin' })
    }
  })
}

type PeerMessage =
  | { readonly type: 'begin' }
  | { readonly type: 'ping'; readonly from: number }
  | { readonly type: 'pong' }

class Peer implements Actor<PeerMessage> {
  readonly #index: number
  readonly #peers: readonly ActorRef<PeerMessage>[]
  readonly #onEnd: () => void
  #pings = 0

  constructor(index: number, peers: readonly ActorRef<PeerMessage>[], onEnd: () => void) {
    this.#index = index
    this.#peers = peers
    this.#onEnd = onEnd
  }

  receive(message: PeerMessage, ctx: ActorContext<PeerMessage>): void {
    if (message.type === 'ping') {
      ctx.send(this.#peers[message.from]!, { type: 'pong' })
      return
    }
    if (message.type === 'begin') this.#pings = 0
    if (this.#pings === pingsEach) this.#onEnd()
    else ctx.send(this.#peers[lotOf(this.#index, this.#pings++)]!, { type: 'ping', from: this.#index })
  }
}
