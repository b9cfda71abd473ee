import type { Transport, TransportReceiver } from '../actor/transport/transport.js'
import type { SystemId } from '../kit/ids.js'
import type { SimulatedThread } from './simulated-thread.js'

/** What arrives is the thread's to take: a frozen one takes it later, a dead one never. */
export class ThreadTransport implements Transport {
  readonly #transport: Transport
  readonly #thread: SimulatedThread
  readonly #onOpened: (system: SystemId) => void

  constructor(transport: Transport, thread: SimulatedThread, onOpened: (system: SystemId) => void) {
    this.#transport = transport
    this.#thread = thread
    this.#onOpened = onOpened
  }

  async open(system: SystemId, receiver: TransportReceiver): Promise<void> {
    const thread = this.#thread
    if (!thread.isAlive()) return
    await this.#transport.open(system, {
      onParcel: (parcel) => thread.arrive(() => receiver.onParcel(parcel)),
      onUndeliverable: (parcel, why) => thread.arrive(() => receiver.onUndeliverable(parcel, why)),
      onLink: (state) => thread.arrive(() => receiver.onLink(state)),
      onPeerGone: (gone) => thread.arrive(() => receiver.onPeerGone?.(gone)),
    })
    this.#onOpened(system)
  }

  async takeName(name: SystemId): Promise<void> {
    if (this.#thread.isAlive()) await this.#transport.takeName?.(name)
  }

  dropName(name: SystemId): void {
    if (this.#thread.isAlive()) this.#transport.dropName?.(name)
  }

  reaches(system: SystemId): boolean {
    return this.#transport.reaches(system)
  }

  send(parcel: Parameters<Transport['send']>[0]): void {
    if (this.#thread.isAlive()) this.#transport.send(parcel)
  }

  async close(): Promise<void> {
    if (this.#thread.isAlive()) await this.#transport.close()
  }
}
