import { ActorSystem, type ActorSystemOptions } from '#src/actor/system.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import { systemClock } from '#src/kit/clock.js'
import type { SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

/** An actor system with the clock and the limits that a node gives it. One lost message ends the run: it proves nothing. */
export function retakeSystem(options: Partial<ActorSystemOptions> = {}): ActorSystem {
  return new ActorSystem({
    id: 'bench' as SystemId,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    onDeadLetter: ({ to, reason }) => crash(`a message to ${to} was lost: ${reason}`),
    onFailure: ({ address }, reason) => crash(`${address} ended: ${JSON.stringify(reason)}`),
    ...options,
  })
}

/** One that others reach over NATS, as soon as this resolves. */
export async function natsSystem(id: SystemId, url: string): Promise<ActorSystem> {
  const transport = new NatsTransport({
    servers: [url],
    cluster: 'bench',
    onFatal: ({ message }) => crash(message),
  })
  const system = retakeSystem({ id, transports: [transport] })
  await system.ready
  return system
}

/** Outside of the turn, where the actor library would take it for a fault of the actor. */
function crash(what: string): void {
  setImmediate(() => {
    throw new Error(what)
  })
}
