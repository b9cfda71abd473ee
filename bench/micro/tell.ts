import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import * as emitter from '../peers/event-emitter.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const { messages, burst } = SIZES.tell

export const tell: Benchmark = {
  name: 'tell',
  question: 'How many messages a second does one actor tell another in its thread?',
  unit: 'tells',
  async prepare(scale) {
    return {
      configuration: SIZES.tell,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [
        { kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 10 },
        { kind: 'at-least', of: 'retake', figure: 'rate', aim: 20e6 },
      ],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake: retakeTells,
  nact: nact.tells,
  'event emitter': emitter.tells,
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeTells(): Round {
  return roundOf(messages, (done) => {
    const system = retakeSystem()
    const counter = system.spawn('counter', new Counter())
    const producer = system.spawn('producer', new Producer(counter, done))
    return () => system.send(producer, { type: 'go-on' })
  })
}

type ProducerMessage = { readonly type: 'go-on' }
type CounterMessage =
  | { readonly type: 'increment'; readonly by: number }
  | { readonly type: 'counted'; readonly tell: ActorRef<ProducerMessage> }

class Producer implements Actor<ProducerMessage> {
  #left: number = messages
  readonly #counter: ActorRef<CounterMessage>
  readonly #done: () => void

  constructor(counter: ActorRef<CounterMessage>, done: () => void) {
    this.#counter = counter
    this.#done = done
  }

  receive(_message: ProducerMessage, ctx: ActorContext<ProducerMessage>): void {
    if (this.#left === 0) {
      this.#left = messages
      this.#done()
      return
    }
    for (let i = 0; i < burst; i++) ctx.send(this.#counter, { type: 'increment', by: 1 })
    ctx.send(this.#counter, { type: 'counted', tell: ctx.self })
    this.#left -= burst
  }
}

class Counter implements Actor<CounterMessage> {
  #count = 0

  receive(message: CounterMessage, ctx: ActorContext<CounterMessage>): void {
    if (message.type === 'increment') this.#count += message.by
    else ctx.send(message.tell, { type: 'go-on' })
  }

  describe(): unknown {
    return { count: this.#count }
  }
}
