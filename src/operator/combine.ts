import { RecordSize } from '../channel/record-size.js'
import { assertNever } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import {
  type CanonicalKey,
  canonicalKey,
  type Key,
  type KeySelector,
  type KeyType,
  keyTypeAfter,
} from '../kit/key.js'
import { LIMITS } from '../kit/limits.js'
import { ownedCopy } from '../record/owned-copy.js'
import type { Row } from '../record/plain-row.js'
import { type CombinedField, notANumber, otherType } from './combined-field.js'
import { maxField } from './max.js'
import { minField } from './min.js'
import { type KeyCount, ofCombined } from './of-combined.js'
import type { Operator, OperatorContext } from './operator.js'
import type { AggregationSpec, CombineSpec } from './operator-spec.js'
import { reduced } from './reduce.js'
import { sumField } from './sum.js'
import { UNOPENED } from './unopened.js'
import { type Place, printedSample } from './user-code.js'

/**
 * Stands where records are sent to an aggregation, and does its work on the records of this one sender: of each key it
 * holds one record that stands for all that came. It sends what it holds when the oldest of it has been held for the
 * latency, when it is much, before a barrier, and when the input ends; so no snapshot has anything of it.
 *
 * What it sends is a record as the aggregation takes them (of a count: a count), and of the key of those it stands for.
 */
export class CombineOperator implements Operator {
  readonly #combination: Combination
  readonly #latencyMs: number
  readonly #keyOf: KeySelector
  readonly #keyOfSent: KeySelector
  readonly #held = new Map<CanonicalKey, unknown>()
  readonly #size = new RecordSize()
  #ctx = UNOPENED
  #keyType: KeyType | undefined
  #dueAt: number | undefined

  constructor({ of, latencyMs }: CombineSpec) {
    this.#combination = combinationOf(of)
    this.#latencyMs = latencyMs
    this.#keyOf = of.keyOf
    this.#keyOfSent = ofCombined(of).keyOf
  }

  open(ctx: OperatorContext): void {
    this.#ctx = ctx
  }

  process(records: readonly unknown[]): void {
    const ctx = this.#ctx
    const combination = this.#combination
    this.#dueAt ??= ctx.now() + this.#latencyMs
    this.#size.onRecords(records)
    for (let i = 0; i < records.length; i++) {
      const record = records[i]
      const key = this.#keyOf(record)
      if (typeof key !== this.#keyType) this.#keyType = keyTypeAfter(this.#keyType, key)
      const canonical = canonicalKey(key)
      const held = this.#held.get(canonical)
      const next =
        held === undefined ? combination.first(record, key, ctx) : combination.next(held, record, ctx)
      if (next !== held) this.#held.set(canonical, next)
    }
    if (this.#isFull()) this.#send()
  }

  dueAt(): number | undefined {
    return this.#dueAt
  }

  onDue(): void {
    this.#send()
  }

  beforeBarrier(): void {
    this.#send()
  }

  finish(): void {
    this.#send()
  }

  #isFull(): boolean {
    const { size } = this.#held
    return size >= LIMITS.combinedKeys || size * this.#size.averageBytes >= LIMITS.combinedBytes
  }

  #send(): void {
    for (const [key, held] of this.#held) {
      if (canonicalKey(this.#keyOfSent(held)) !== key) throw this.#otherKey(key, held)
      this.#ctx.emit(held)
    }
    this.#held.clear()
    this.#dueAt = undefined
  }

  #otherKey(key: CanonicalKey, held: unknown): RetakeError {
    const { operator, where } = this.#ctx
    return new RetakeError('RT1617', {
      what: `${JSON.stringify(operator)} combined the records of the key ${printedSample(key)} into one of another key`,
      why: `the key is read from what combining changes; the combined record is ${printedSample(held)}`,
      fix: 'map the key to a field of its own before the keyBy, and let a reduce keep that field; or leave out `combine`',
      where,
    })
  }
}

/** How the records of a key become one, which shares nothing with them. */
interface Combination {
  first(record: unknown, key: Key, place: Place): unknown
  /** May change `held` and return it. */
  next(held: unknown, record: unknown, place: Place): unknown
}

function combinationOf(spec: AggregationSpec): Combination {
  switch (spec.kind) {
    case 'sum':
      return ofField(sumField(spec.field))
    case 'min':
      return ofField(minField(spec.field))
    case 'max':
      return ofField(maxField(spec.field))
    case 'count':
      return COUNT
    case 'reduce':
      return {
        first: (record) => ownedCopy(record),
        next: (held, record, place) => ownedCopy(reduced(spec.reduce, held, record, place)),
      }
    default:
      return assertNever(spec)
  }
}

function ofField({ name, combine }: CombinedField): Combination {
  const numberOf = (record: unknown, place: Place): number | bigint => {
    const value = (record as Row)[name]
    if (typeof value === 'number' || typeof value === 'bigint') return value
    throw notANumber(name, record, value, place)
  }
  return {
    first: (record, _, place) => {
      numberOf(record, place)
      return ownedCopy(record)
    },
    next: (held, record, place) => {
      const row = held as Row
      const value = numberOf(record, place)
      const before = row[name]
      if (typeof before !== typeof value) throw otherType(name, record, before, place)
      row[name] = combine(before as never, value as never)
      return row
    },
  }
}

const COUNT: Combination = {
  first: (_, key): KeyCount => ({ key: ownedCopy(key), count: 1 }),
  next: (held) => {
    const counted = held as KeyCount
    counted.count += 1
    return counted
  },
}
