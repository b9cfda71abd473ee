import { placed, RetakeError } from '../kit/errors.js'
import type { Key, KeySelector } from '../kit/key.js'
import { notAKey } from '../kit/key-hash.js'

/** Whose code it is: the operator's id and `file:line` of the user's call. */
export interface Place {
  readonly operator: string
  readonly where: string
}

/** What a user's function threw at `record`, told with both. What is told already is passed on, with the place. */
export function userError({ operator, where }: Place, record: unknown, cause: unknown): RetakeError {
  if (cause instanceof RetakeError) return placed(cause, where)
  return new RetakeError('RT1601', {
    what: `the function of ${JSON.stringify(operator)} threw`,
    why: `${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}, at the record ${printedSample(record)}`,
    fix: `correct the function at ${where}, or keep such records from it with a filter`,
    where,
    cause,
  })
}

export function asynchronous({ operator, where }: Place): RetakeError {
  return new RetakeError('RT1603', {
    what: `the function of ${JSON.stringify(operator)} is asynchronous`,
    why: 'records are processed one after the other, and nothing waits on their way',
    fix: 'return the value itself; what must be looked up elsewhere comes in by a source',
    where,
  })
}

const SAMPLE_LENGTH = 200

/** `record` on one bounded line. */
export function printedSample(record: unknown): string {
  const printed = printedWhole(record)
  return printed.length <= SAMPLE_LENGTH ? printed : `${printed.slice(0, SAMPLE_LENGTH)}…`
}

function printedWhole(record: unknown): string {
  try {
    return (
      JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)) ??
      String(record)
    )
  } catch {
    return Object.prototype.toString.call(record)
  }
}

/**
 * `keyOf` as the runtime calls it, on both sides of an edge: what it throws, and what is no key, is told with the
 * user's line and the record.
 */
export function guardedKey(keyOf: (record: never) => unknown, place: Place): KeySelector {
  const select = keyOf as (record: unknown) => unknown
  return (record) => {
    let key: unknown
    try {
      key = select(record)
    } catch (cause) {
      throw userError(place, record, cause)
    }
    if (typeof key === 'string' || isKey(key)) return key
    const { why, fix, what } = notAKey(key)
    throw new RetakeError('RT1610', {
      what: `${what}, but was chosen by ${JSON.stringify(place.operator)} for the record ${printedSample(record)}`,
      why,
      fix,
      where: place.where,
    })
  }
}

function isKey(key: unknown): key is Key {
  return Array.isArray(key) ? key.length > 0 && key.every(isKeyPart) : isKeyPart(key)
}

function isKeyPart(part: unknown): boolean {
  switch (typeof part) {
    case 'string':
    case 'boolean':
    case 'bigint':
      return true
    case 'number':
      return Number.isFinite(part)
    default:
      return false
  }
}
