import type { SystemId } from '../../kit/ids.js'
import type { Address } from '../actor.js'

/**
 * How a message reaches a mailbox in another actor system. One interface, one conformance suite.
 *
 * A transport may lose, but never reorders or repeats between two systems within a lane, and what it knows to be lost
 * it says (`onUndeliverable`, `onLink`). It never throws for what a peer or an outage does. Lanes do not delay each
 * other: a receiver that takes no data frames still gets control parcels.
 */
export interface Transport {
  /** Takes what is sent to `system` from now on. Resolves when peers can reach it, as far as this side can know. */
  open(system: SystemId, receiver: TransportReceiver): Promise<void>
  /**
   * Takes what is sent to `name`, too, as if it were a system: whoever holds it can be found before its id is known.
   * Only of transports between processes. Who takes names sees to it that one holds each; while two do, both hear.
   */
  takeName?(name: SystemId): Promise<void>
  /** Hears no more what is sent to `name`; what is under way may still arrive. */
  dropName?(name: SystemId): void
  /** Whether this transport knows a way to `system` (a NATS link knows a way to any). */
  reaches(system: SystemId): boolean
  /** Sends. Bodies must be structured-cloneable data; a frame's body is a Uint8Array and is given away. */
  send(parcel: Parcel): void
  /** Lets go of everything; sends what was sent before, receives nothing more. */
  close(): Promise<void>
}

/** Who hears what a transport brings, and what it could not deliver. */
export interface TransportReceiver {
  /** One has arrived, for an address of this system or of a name that it has taken. */
  onParcel(parcel: Parcel): void
  /** `parcel` is known not to have arrived: nobody listens there, or the link is down. */
  onUndeliverable(parcel: Parcel, why: 'no-responder' | 'link-down'): void
  /** The link to everyone behind this transport went down, or is up again; what was under way may be lost. */
  onLink(state: 'up' | 'down'): void
  /** `system` has gone for good, and will answer nothing that was asked. Only of transports that know. */
  onPeerGone?(system: SystemId): void
}

/** What a transport carries: plain data, and an address that says where to. */
export type Parcel =
  | { readonly kind: 'tell'; readonly to: Address; readonly body: unknown }
  | {
      readonly kind: 'ask'
      readonly to: Address
      readonly from: Address
      readonly correlation: number
      readonly body: unknown
    }
  | { readonly kind: 'answer'; readonly to: Address; readonly correlation: number; readonly body: unknown }
  /** Watch, unwatch, down, ping: the library's own, answered before any actor's control lane. */
  | { readonly kind: 'signal'; readonly to: Address; readonly from: Address; readonly body: unknown }
  /** The data lane. */
  | { readonly kind: 'frame'; readonly to: Address; readonly body: unknown }
