import type { NewInput, StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { checkId } from '../graph/stream-graph-builder.js'
import type { Key, KeySelector } from '../kit/key.js'
import type { OperatorSpec } from '../operator/operator-spec.js'
import { callSite } from './call-site.js'
import type { OperatorOptions } from './operator-options.js'
import { type EmittingProcess, processSpecOf, type UntypedProcess, type YieldingProcess } from './process.js'
import { requiredFunction } from './required.js'
import type { StateDescription } from './state.js'
import type { Stream } from './stream.js'

/** Fields that hold numbers and nothing else. */
export type NumericField<T> = {
  [Field in keyof T & string]-?: T[Field] extends number | bigint ? Field : never
}[keyof T & string]

/** Fields by which the records of a stream are dealt to the subtasks of an operator. */
export interface Partitioning {
  readonly fields: readonly string[]
  /** The operator behind the keyBy. */
  readonly node: number
}

export interface KeyedStreamParts {
  readonly builder: StreamGraphBuilder
  readonly inputs: readonly NewInput[]
  readonly keyOf: KeySelector
  /** What the key is read from, where it is no more than fields. */
  readonly fields: readonly string[] | undefined
  /** The stream behind an operator. */
  readonly behind: <R>(node: number, partitioning: Partitioning | undefined) => Stream<R>
}

/**
 * A stream dealt to subtasks by key: what keeps state for each key. State is found again by the operator's id, and so
 * each has one. Every record that comes in sends one out (`process` decides for itself).
 */
export class KeyedStream<out K extends Key, out T> {
  readonly #parts: KeyedStreamParts

  constructor(parts: KeyedStreamParts) {
    this.#parts = parts
  }

  /** The sum of `field` so far; the other fields are those of the key's first record. */
  sum<Field extends NumericField<T>>(id: string, field: Field, options: OperatorOptions = {}): Stream<T> {
    return this.#rolling('sum', id, field, options, callSite(this.sum))
  }

  /** The lowest `field` so far; the other fields are those of the key's first record. */
  min<Field extends NumericField<T>>(id: string, field: Field, options: OperatorOptions = {}): Stream<T> {
    return this.#rolling('min', id, field, options, callSite(this.min))
  }

  /** The highest `field` so far; the other fields are those of the key's first record. */
  max<Field extends NumericField<T>>(id: string, field: Field, options: OperatorOptions = {}): Stream<T> {
    return this.#rolling('max', id, field, options, callSite(this.max))
  }

  /** How many records each key has had. */
  count(id: string, options: OperatorOptions = {}): Stream<{ key: K; count: number }> {
    return this.#then({ kind: 'count', keyOf: this.#parts.keyOf }, id, options, callSite(this.count), ['key'])
  }

  /** Combines what the key has so far (its first record, in the beginning) with each further record. */
  reduce(id: string, reduce: (held: T, record: T) => T, options: OperatorOptions = {}): Stream<T> {
    const where = callSite(this.reduce)
    requiredFunction('reduce', reduce, where)
    const combine = reduce as (a: unknown, b: unknown) => unknown
    return this.#then({ kind: 'reduce', keyOf: this.#parts.keyOf, reduce: combine }, id, options, where)
  }

  /**
   * An operator of the user's own, with state for each key and processing-time timers. It emits by `yield`, which
   * tells its type; or by `emit`, which is faster, and then `emits: of<…>()` tells it.
   */
  process<State extends StateDescription, R>(
    id: string,
    process: EmittingProcess<K, T, State, R>,
    options?: OperatorOptions,
  ): Stream<R>
  process<State extends StateDescription, R = never, L = never>(
    id: string,
    process: YieldingProcess<K, T, State, R, L>,
    options?: OperatorOptions,
  ): Stream<R | L>
  process(id: string, process: UntypedProcess, options: OperatorOptions = {}): Stream<unknown> {
    const where = callSite(this.process)
    requiredFunction('process', process.onRecord, where)
    const operator = { kind: 'process', keyOf: this.#parts.keyOf, process: processSpecOf(process) } as const
    return this.#then(operator, id, options, where)
  }

  #rolling(
    kind: 'sum' | 'min' | 'max',
    id: string,
    field: string,
    options: OperatorOptions,
    where: string,
  ): Stream<T> {
    const { fields } = this.#parts
    const kept = fields?.includes(field) ? undefined : fields
    return this.#then({ kind, keyOf: this.#parts.keyOf, field }, id, options, where, kept)
  }

  #then<R>(
    operator: OperatorSpec,
    id: string,
    { parallelism, chaining }: OperatorOptions,
    where: string,
    fields?: readonly string[],
  ): Stream<R> {
    checkId(id, where, 'an operator with state')
    const { builder, inputs, behind } = this.#parts
    const node = builder.add({ id, operator, parallelism, chaining, where }, inputs)
    return behind(node, fields === undefined ? undefined : { fields, node })
  }
}
