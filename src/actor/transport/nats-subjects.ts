import { assert } from '../../kit/assert.js'
import { isToken, type SystemId } from '../../kit/ids.js'
import type { Address } from '../actor.js'
import { SIGNALS, systemOf } from '../address.js'

/** `c`: control (tells, asks, answers, signals). `d`: data (frames). */
export type NatsLaneName = 'c' | 'd'

/** Addresses whose subject is remembered, so that a frame costs a lookup and not a check of its tokens. */
const REMEMBERED_MAX = 16_384

/**
 * The subjects of one lane: `rt.<cluster>.<lane>.<system>.<path>`, and in them the id of a system as two tokens,
 * `<group>.<random>`: a user of NATS may be allowed one group. A name that stands for a system is one token.
 *
 * Each token is a generated id, and is checked: a subject with a space in it would become two words of the protocol,
 * one with CR LF two commands, one with a dot another address, and the client looks at none of that.
 */
export class NatsSubjects {
  /** What all of them begin with. */
  readonly prefix: string
  readonly #remembered = new Map<Address, string>()

  constructor(cluster: string, lane: NatsLaneName) {
    assert(isToken(cluster), 'the name of a cluster is one token of a subject', { cluster })
    this.prefix = `rt.${cluster}.${lane}.`
  }

  of(to: Address): string {
    const known = this.#remembered.get(to)
    if (known !== undefined) return known
    const tokens = to.split('.')
    assert(tokens.length > 1 && tokens.every(isToken), 'an address is generated tokens', { to })
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear()
    const system = systemOf(to)
    const subject = this.#headOf(system) + to.slice(system.length)
    this.#remembered.set(to, subject)
    return subject
  }

  /** Whom a message is for that came on `subject`, one of `allOf(system)`. */
  addressOf(system: SystemId, subject: string): Address {
    return (system + subject.slice(this.#headOf(system).length)) as Address
  }

  /** All that is sent to `system` on this lane. */
  allOf(system: SystemId): string {
    assert(isToken(system), 'the id of a system is one token of a subject', { system })
    return `${this.#headOf(system)}.>`
  }

  /** Where a lane proves that it is heard. No actor lives there: `~` is no token of an address. */
  selfTestOf(system: SystemId): string {
    assert(isToken(system), 'the id of a system is one token of a subject', { system })
    return `${this.#headOf(system)}.~`
  }

  // Of many systems at once, for permissions.

  /** All of the lane. */
  get all(): string {
    return `${this.prefix}>`
  }

  /** All that is sent to the systems of a group. */
  allOfGroup(group: string): string {
    return `${this.prefix}${group}.>`
  }

  /** What the subjects of every system of a group begin with. */
  anyOf(group: string): string {
    return `${this.prefix}${group}.*`
  }

  selfTestsOf(group: string): string {
    return `${this.anyOf(group)}.~`
  }

  /** What systems say to those of a group by themselves, whoever watches whom. */
  signalsTo(group: string): string {
    return `${this.anyOf(group)}.${SIGNALS}`
  }

  #headOf(system: SystemId): string {
    return this.prefix + tokensOf(system)
  }
}

/** Below which all comes that the server, or its JetStream, answers `system`. */
export function natsInboxOf(cluster: string, system: SystemId): string {
  return `_INBOX.${cluster}.${tokensOf(system)}`
}

/** Of all systems of a group. */
export function natsInboxesOf(cluster: string, group: string): string {
  return `_INBOX.${cluster}.${group}.>`
}

function tokensOf(system: SystemId): string {
  return system.replace('_', '.')
}
