import type { ActorContext, ActorRef } from '#src/actor/index.js'

type Counter = { readonly type: 'add'; readonly by: number } | { readonly type: 'reset' }

export const add = (ctx: ActorContext<never>, counter: ActorRef<Counter>) =>
  ctx.send(counter, { type: 'ad', by: 1 })
