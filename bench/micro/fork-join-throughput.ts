import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import * as emitter from '../peers/event-emitter.js'
import * as nact from '../peers/nact.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { SIZES } from './actor-sizes.js'
import { contendersOf, type Run } from './contenders.js'
import { retakeSystem } from './retake-system.js'
import { type Round, roundOf, steadyState } from './steady-state.js'

const { actors, messagesEach } = SIZES.forkJoin

export const forkJoinThroughput: Benchmark = {
  name: 'fork-join-throughput',
  question: 'How many messages a second do many actors take, given to them in turn?',
  unit: 'messages',
  async prepare(scale) {
    return {
      configuration: SIZES.forkJoin,
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'nact', aim: 10, floor: 10 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake: retakeForkJoin,
  nact: nact.forkJoin,
  'event emitter': emitter.forkJoin,
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeForkJoin(): Round {
  return roundOf(actors * messagesEach, (done) => {
    const system = retakeSystem()
    let ended = 0
    const onEnd = () => {
      if (++ended % actors === 0) done()
    }
    const workers = Array.from({ length: actors }, (_, i) => system.spawn(`worker-${i}`, new Worker(onEnd)))
    const fork = system.spawn('fork', new Fork(workers))
    return () => system.send(fork, { type: 'fork' })
  })
}

interface Work {
  readonly type: 'work'
  readonly x: number
}

class Fork implements Actor<{ readonly type: 'fork' }> {
  readonly #workers: readonly ActorRef<Work>[]

  constructor(workers: readonly ActorRef<Work>[]) {
    this.#workers = workers
  }

  receive(_message: { readonly type: 'fork' }, ctx: ActorContext<{ readonly type: 'fork' }>): void {
    for (let i = 0; i < messagesEach; i++) {
      for (let worker = 0; worker < actors; worker++) ctx.send(this.#workers[worker]!, { type: 'work', x: i })
    }
  }
}

class Worker implements Actor<Work> {
  #done = 0
  #sum = 0
  readonly #onEnd: () => void

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd
  }

  receive({ x }: Work): void {
    this.#sum += x
    if (++this.#done % messagesEach === 0) this.#onEnd()
  }

  describe(): unknown {
    return { sum: this.#sum }
  }
}
