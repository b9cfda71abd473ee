import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const { actors, messages } = SIZES.threadRing

export const threadRing: Benchmark = {
  name: 'thread-ring',
  question: 'How long does a token take from one actor to the next, around a ring of a hundred?',
  unit: 'messages',
  async prepare(scale) {
    return {
      configuration: SIZES.threadRing,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 5 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = { retake: retakeRing, nact: nact.threadRing }

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeRing(): Round {
  return roundOf(messages, (done) => {
    const system = retakeSystem()
    const links = Array.from({ length: actors }, () => new Link(done))
    const refs = links.map((link, i) => system.spawn(`link-${i}`, link))
    for (const [i, link] of links.entries()) link.next = refs[(i + 1) % actors]
    return () => system.send(refs[0]!, { type: 'token', left: messages })
  })
}

interface Token {
  readonly type: 'token'
  readonly left: number
}

class Link implements Actor<Token> {
  next: ActorRef<Token> | undefined
  readonly #done: () => void

  constructor(done: () => void) {
    this.#done = done
  }

  receive({ left }: Token, ctx: ActorContext<Token>): void {
    if (left === 1) this.#done()
    else ctx.send(this.next!, { type: 'token', left: left - 1 })
  }
}
