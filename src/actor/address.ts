import { assert } from '../kit/assert.js'
import { isToken, type SystemId } from '../kit/ids.js'
import { type Random, randomToken } from '../kit/random.js'
import type { Address } from './actor.js'

/** How addresses are made and taken apart: `<system>.<token>.<token>…`, the tokens being the names on the path. */

/**
 * An id that no system has had before: `<group>_<random>`. The group is a token of all that a system hears, so that whom
 * NATS lets speak as one group it need not let hear another.
 */
export function newSystemId(group: string, random: Random): SystemId {
  assert(isToken(group) && !group.includes('_'), 'a group is a token without "_"', { group })
  return `${group}_${randomToken(random)}` as SystemId
}

/** An id of the same group, which no system has. */
export function strangerTo(system: SystemId, random: Random): SystemId {
  return `${system.slice(0, system.indexOf('_') + 1)}${randomToken(random, 20)}` as SystemId
}

/** What tells `system` from all others, without its group. */
export function shortIdOf(system: SystemId): string {
  return system.slice(system.indexOf('_') + 1)
}

/** The name below which the systems' own signals go. */
export const SIGNALS = '-signals'

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
  return addressBelow(system, SIGNALS)
}

/** Where an answer goes that no actor asked for: the promise of `ActorSystem.ask`. */
export function outsideAddress(system: SystemId): Address {
  return addressBelow(system, '-outside')
}
