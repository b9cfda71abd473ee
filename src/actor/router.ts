import type { SystemId } from '../kit/ids.js'
import type { Transport } from './transport/transport.js'

/** Which transport takes a parcel to a system: the first that knows a way, in the order they were given. */
export class Router {
  readonly #transports: readonly Transport[]
  readonly #down = new Set<Transport>()

  constructor(transports: readonly Transport[]) {
    this.#transports = transports
  }

  transportTo(system: SystemId): Transport | undefined {
    for (const transport of this.#transports) if (transport.reaches(system)) return transport
    return undefined
  }

  onLink(transport: Transport, state: 'up' | 'down'): void {
    if (state === 'down') this.#down.add(transport)
    else this.#down.delete(transport)
  }

  /** Whether the link on the way to `system` is down. No way at all is not a link that is down. */
  isDown(system: SystemId): boolean {
    const transport = this.transportTo(system)
    return transport !== undefined && this.#down.has(transport)
  }
}
