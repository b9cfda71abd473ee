import type { ActorRef, ActorSystem, Asks } from '#src/actor/index.js'

type Count = { readonly type: 'count' } & Asks<number>

const count: Count = { type: 'count' }
export const asked = (system: ActorSystem, counter: ActorRef<Count>): Promise<string> =>
  system.ask(counter, count, { timeoutMs: 1_000 })
