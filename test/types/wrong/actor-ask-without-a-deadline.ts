import type { ActorRef, ActorSystem, Asks } from '#src/actor/index.js'

type Count = { readonly type: 'count' } & Asks<number>

const count: Count = { type: 'count' }
export const asked = (system: ActorSystem, counter: ActorRef<Count>) => system.ask(counter, count, {})
