import type { Actor, ActorContext, DataLane, ExitReason } from '#src/actor/actor.js'
import { ActorSystem, type ActorSystemOptions } from '#src/actor/system.js'
import type { SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'

/** A system on virtual time. */
export function systemOn(
  clock: VirtualClock,
  options: Partial<ActorSystemOptions> = {},
  id = 'here',
): ActorSystem {
  return new ActorSystem({
    id: id as SystemId,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    onFailure: () => {},
    ...options,
  })
}

export function virtualSystem(options: Partial<ActorSystemOptions> = {}): {
  clock: VirtualClock
  system: ActorSystem
} {
  const clock = new VirtualClock()
  return { clock, system: systemOn(clock, options) }
}

type Hooks<M> = Partial<Actor<M>> & { readonly data?: DataLane }

/** An actor made of functions. Without `receive` it takes everything and does nothing. */
export function actorOf<M>(hooks: Hooks<M>): Actor<M> {
  return { receive: () => {}, ...hooks }
}

/** Keeps what it hears. */
export class Listener<M> implements Actor<M> {
  readonly heard: M[] = []

  receive(message: M): void {
    this.heard.push(message)
  }
}

/** Runs `body` in a turn of an actor of its own, and tells how the actor ended. */
export interface Probe<M> {
  readonly ctx: ActorContext<M>
  readonly heard: M[]
  ended: ExitReason | undefined
}

/** A top-level actor whose context the test uses between turns. */
export async function probe<M>(
  system: ActorSystem,
  clock: VirtualClock,
  name = 'probe',
  hooks: Hooks<M> = {},
): Promise<Probe<M>> {
  const heard: M[] = []
  let found: ActorContext<M> | undefined
  const result: { ended: ExitReason | undefined } = { ended: undefined }
  system.spawn<M>(
    name,
    {
      receive(message, ctx) {
        heard.push(message)
        hooks.receive?.(message, ctx)
      },
      ...(hooks.stop === undefined ? {} : { stop: hooks.stop }),
      ...(hooks.data === undefined ? {} : { data: hooks.data }),
      start(ctx) {
        found = ctx
        hooks.start?.(ctx)
      },
    },
    { onExit: (reason) => (result.ended = reason) },
  )
  await clock.settle()
  if (found === undefined) throw new Error('the probe did not start')
  return Object.assign(result, { ctx: found, heard })
}
