import type { Actor, ActorContext, ActorRef, Asks } from '#src/actor/actor.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

export const ask: Benchmark = {
  name: 'ask',
  question: 'How many questions a second does one actor ask another in its thread, each with a deadline?',
  unit: 'asks',
  async prepare(scale) {
    return {
      configuration: SIZES.ask,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 3 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = { retake: retakeAsks, nact: nact.asks }

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeAsks(): Round {
  return roundOf(SIZES.ask.questions, (done) => {
    const system = retakeSystem()
    const doubler = system.spawn('doubler', new Doubler())
    const asker = system.spawn('asker', new Asker(doubler, SIZES.ask, done))
    return () => system.send(asker, { type: 'begin' })
  })
}

export type Question = { readonly type: 'double'; readonly x: number } & Asks<number>

export class Doubler implements Actor<Question> {
  receive({ x }: Question, ctx: ActorContext<Question>): void {
    ctx.reply(x * 2)
  }
}

export type AskerMessage = { readonly type: 'begin' } | { readonly type: 'answered'; readonly ok: boolean }

/** Begins when told so, and is done when all its questions are answered. */
export class Asker implements Actor<AskerMessage> {
  readonly #whom: ActorRef<Question>
  readonly #size: { readonly questions: number; readonly inFlight: number }
  readonly #done: () => void
  #asked = 0
  #answered = 0

  constructor(
    whom: ActorRef<Question>,
    size: { readonly questions: number; readonly inFlight: number },
    done: () => void,
  ) {
    this.#whom = whom
    this.#size = size
    this.#done = done
  }

  receive(message: AskerMessage, ctx: ActorContext<AskerMessage>): void {
    if (message.type === 'begin') {
      this.#asked = 0
      this.#answered = 0
      for (let i = 0; i < this.#size.inFlight; i++) this.#ask(ctx)
      return
    }
    if (!message.ok) throw new Error('a question was not answered')
    if (++this.#answered === this.#size.questions) this.#done()
    else if (this.#asked < this.#size.questions) this.#ask(ctx)
  }

  #ask(ctx: ActorContext<AskerMessage>): void {
    const question: Question = { type: 'double', x: this.#asked++ }
    ctx.ask(this.#whom, question, { timeoutMs: 10_000 }, ({ ok }) => ({ type: 'answered', ok }))
  }
}
