import { assert } from '../kit/assert.js'
import { isToken, type SystemId } from '../kit/ids.js'
import type { Address } from './actor.js'

/** How addresses are made and taken apart: `<system>.<token>.<token>…`, the tokens being the names on the path. */

/** The system that `address` lies in. */
export function systemOf(address: Address): SystemId {
  const dot = address.indexOf('.')
  return (dot < 0 ? address : address.slice(0, dot)) as string as SystemId
}

/** The address of `name` below `parent`. A name is a token, because it becomes a token of a NATS subject. */
export function addressBelow(parent: Address | SystemId, name: string): Address {
  assert(isToken(name), 'the name of an actor is a token', { name, parent })
  return `${parent}.${name}` as Address
}

/** Where the systems' own signals (watch, ping) go, and come from. */
export function signalAddress(system: SystemId): Address {
  return addressBelow(system, '-signals')
}

/** Where an answer goes that no actor asked for: the promise of `ActorSystem.ask`. */
export function outsideAddress(system: SystemId): Address {
  return addressBelow(system, '-outside')
}
