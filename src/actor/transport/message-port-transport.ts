import type { MessagePort } from 'node:worker_threads'
import { assert } from '../../kit/assert.js'
import type { SystemId } from '../../kit/ids.js'
import { systemOf } from '../address.js'
import type { Parcel, Transport, TransportReceiver } from './transport.js'

/** What a `MessagePortTransport` takes. */
export interface MessagePortTransportOptions {
  /**
   * Whether open ports keep this thread alive. Workers, which live until they are told to end, say yes; the main thread
   * says no, so that a process ends when it has nothing else to do. Default no.
   */
  readonly keepsAlive?: boolean
}

/**
 * Carries parcels between threads of one process, one `MessagePort` for each peer system.
 *
 * A port is one FIFO and never refuses, so lanes are one queue here and cannot stall each other: the receiver takes
 * everything at once into its mailboxes. Bodies are cloned by the platform; a frame that owns its whole buffer moves
 * without a copy, and is empty for the sender from then on. A closed port (the other thread has ended) removes its peer.
 */
export class MessagePortTransport implements Transport {
  readonly #keepsAlive: boolean
  readonly #ports = new Map<SystemId, MessagePort>()
  #receiver: TransportReceiver | undefined

  constructor(options: MessagePortTransportOptions = {}) {
    this.#keepsAlive = options.keepsAlive ?? false
  }

  async open(_system: SystemId, receiver: TransportReceiver): Promise<void> {
    this.#receiver = receiver
    for (const [peer, port] of this.#ports) this.#listen(peer, port)
  }

  reaches(system: SystemId): boolean {
    return this.#ports.has(system)
  }

  /** `port` leads to `peer`, whose transport holds the other end. What waits in the port is received from now on. */
  addPeer(peer: SystemId, port: MessagePort): void {
    assert(!this.#ports.has(peer), 'a system has one port', { peer })
    this.#ports.set(peer, port)
    if (this.#receiver !== undefined) this.#listen(peer, port)
  }

  /** `peer` is gone: whoever still waits for it is told. */
  removePeer(peer: SystemId): void {
    const port = this.#ports.get(peer)
    if (port === undefined) return
    this.#ports.delete(peer)
    port.removeAllListeners()
    port.close()
    this.#receiver?.onPeerGone?.(peer)
  }

  send(parcel: Parcel): void {
    const port = this.#ports.get(systemOf(parcel.to))
    if (port === undefined) this.#receiver?.onUndeliverable(parcel, 'no-responder')
    else if (parcel.kind === 'frame') postFrame(port, parcel)
    else port.postMessage(parcel)
  }

  async close(): Promise<void> {
    this.#receiver = undefined
    for (const port of this.#ports.values()) {
      port.removeAllListeners()
      port.close() // delivers what was posted before
    }
    this.#ports.clear()
  }

  #listen(peer: SystemId, port: MessagePort): void {
    port.on('message', (parcel: Parcel) => this.#receiver?.onParcel(parcel))
    port.on('close', () => this.removePeer(peer))
    if (!this.#keepsAlive) port.unref()
  }
}

function postFrame(port: MessagePort, parcel: Parcel): void {
  const { body } = parcel
  assert(body instanceof Uint8Array, 'a frame that leaves its thread is bytes')
  // Of a view the platform would clone the whole buffer below it, so only its own bytes go.
  const bytes = ownsItsBuffer(body) ? body : new Uint8Array(body)
  port.postMessage(bytes === body ? parcel : { ...parcel, body: bytes }, [bytes.buffer as ArrayBuffer])
}

/** Small buffers share a pool, which must stay whole. */
function ownsItsBuffer(bytes: Uint8Array): boolean {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
}
