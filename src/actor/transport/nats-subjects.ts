import { assert } from '../../kit/assert.js'
import { isToken, type SystemId } from '../../kit/ids.js'
import type { Address } from '../actor.js'

/** `c`: control (tells, asks, answers, signals). `d`: data (frames). */
export type NatsLaneName = 'c' | 'd'

/** Addresses whose subject is remembered, so that a frame costs a lookup and not a check of its tokens. */
const REMEMBERED_MAX = 16_384

/**
 * The subjects of one lane: `rt.<cluster>.<lane>.<system>.<path>`.
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
    const subject = this.prefix + to
    this.#remembered.set(to, subject)
    return subject
  }

  /** Whom a message is for, by the subject it came on. */
  addressOf(subject: string): Address {
    return subject.slice(this.prefix.length) as Address
  }

  /** All that is sent to `system` on this lane. */
  allOf(system: SystemId): string {
    assert(isToken(system), 'the id of a system is one token of a subject', { system })
    return `${this.prefix}${system}.>`
  }

  /** Where a lane proves that it is heard. No actor lives there: `~` is no token of an address. */
  selfTestOf(system: SystemId): string {
    assert(isToken(system), 'the id of a system is one token of a subject', { system })
    return `${this.prefix}${system}.~`
  }
}
