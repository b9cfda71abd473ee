import type { NewInput, StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { checkId } from '../graph/stream-graph-builder.js'
import { durationMs } from '../kit/duration.js'
import { placed } from '../kit/errors.js'
import type { Key, KeySelector } from '../kit/key.js'
import { ofCombined } from '../operator/of-combined.js'
import type { AggregationSpec, CombineSpec, OperatorSpec } from '../operator/operator-spec.js'
import { callSite } from './call-site.js'
import type { AggregationOptions, OperatorOptions } from './operator-options.js'
import { type EmittingProcess, processSpecOf, type UntypedProcess, type YieldingProcess } from './process.js'
import { requiredFunction, wrongOption } from './required.js'
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
 * each has one (RT1004 where it cannot be one). Every record that comes in sends one out (`process` decides for itself),
 * unless senders `combine`. A field that is to be summed up or compared and holds no number fails the job with RT1602.
 */
export class KeyedStream<out K extends Key, out T> {
  readonly #parts: KeyedStreamParts

  constructor(parts: KeyedStreamParts) {
    this.#parts = parts
  }

  /** The sum of `field` so far; the other fields are those of the key's first record. */
  sum<Field extends NumericField<T>>(id: string, field: Field, options: AggregationOptions = {}): Stream<T> {
    return this.#rolling('sum', id, field, options, callSite(this.sum))
  }

  /** The lowest `field` so far; the other fields are those of the key's first record. */
  min<Field extends NumericField<T>>(id: string, field: Field, options: AggregationOptions = {}): Stream<T> {
    return this.#rolling('min', id, field, options, callSite(this.min))
  }

  /** The highest `field` so far; the other fields are those of the key's first record. */
  max<Field extends NumericField<T>>(id: string, field: Field, options: AggregationOptions = {}): Stream<T> {
    return this.#rolling('max', id, field, options, callSite(this.max))
  }

  /** How many records each key has had. */
  count(id: string, options: AggregationOptions = {}): Stream<{ key: K; count: number }> {
    const where = callSite(this.count)
    return this.#aggregate({ kind: 'count', keyOf: this.#parts.keyOf }, id, options, where, ['key'])
  }

  /**
   * Combines what the key has so far (its first record, in the beginning) with each further record. With the option
   * `combine` it is also given what senders have combined as if that were records: then it must be associative, and its
   * results must have the key of what they were made of (RT1617).
   */
  reduce(id: string, reduce: (held: T, record: T) => T, options: AggregationOptions = {}): Stream<T> {
    const where = callSite(this.reduce)
    requiredFunction('reduce', reduce, where)
    const untyped = reduce as (a: unknown, b: unknown) => unknown
    return this.#aggregate({ kind: 'reduce', keyOf: this.#parts.keyOf, reduce: untyped }, id, options, where)
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
    if (typeof process?.onRecord !== 'function') {
      throw placed(wrongOption('process', 'onRecord', process?.onRecord, 'a function of a record'), where)
    }
    const spec = processSpecOf(process, { operator: id, where })
    const operator = { kind: 'process', keyOf: this.#parts.keyOf, process: spec } as const
    return this.#then(operator, id, this.#parts.inputs, options, where)
  }

  #rolling(
    kind: 'sum' | 'min' | 'max',
    id: string,
    field: string,
    options: AggregationOptions,
    where: string,
  ): Stream<T> {
    const { fields } = this.#parts
    const kept = fields?.includes(field) ? undefined : fields
    return this.#aggregate({ kind, keyOf: this.#parts.keyOf, field }, id, options, where, kept)
  }

  #aggregate<R>(
    operator: AggregationSpec,
    id: string,
    options: AggregationOptions,
    where: string,
    fields?: readonly string[],
  ): Stream<R> {
    const latencyMs = latencyOf(options, operator.kind, where)
    if (latencyMs === undefined) return this.#then(operator, id, this.#parts.inputs, options, where, fields)
    const inputs = this.#combined({ kind: 'combine', of: operator, latencyMs }, id, where)
    return this.#then(ofCombined(operator), id, inputs, options, where, fields)
  }

  /** A combiner behind each operator whose records are dealt out here, chained to it as a map would be. */
  #combined(operator: CombineSpec, id: string, where: string): readonly NewInput[] {
    const { builder, inputs } = this.#parts
    const { keyOf } = ofCombined(operator.of)
    return inputs.map(({ from }, index) => {
      const own = inputs.length === 1 ? `${id}.combine` : `${id}.combine-${index + 1}`
      const parallelism = builder.parallelismOf(from)
      const combiner = { id: own, operator, parallelism, chaining: undefined, where }
      return {
        from: builder.add(combiner, [{ from, partitioner: undefined }]),
        partitioner: { kind: 'hash', keyOf },
      }
    })
  }

  #then<R>(
    operator: OperatorSpec,
    id: string,
    inputs: readonly NewInput[],
    { parallelism, chaining }: OperatorOptions,
    where: string,
    fields?: readonly string[],
  ): Stream<R> {
    checkId(id, where, 'an operator with state')
    const { builder, behind } = this.#parts
    const node = builder.add({ id, operator, parallelism, chaining, where }, inputs)
    return behind(node, fields === undefined ? undefined : { fields, node })
  }
}

/** Milliseconds; undefined: nothing is combined. Throws RT1701 for what is no duration, RT1012 for 0. */
function latencyOf({ combine }: AggregationOptions, kind: string, where: string): number | undefined {
  if (combine === undefined) return undefined
  try {
    const latencyMs = durationMs(combine)
    if (latencyMs > 0) return latencyMs
    throw wrongOption(kind, 'combine', combine, 'a time above 0')
  } catch (error) {
    throw placed(error, where)
  }
}
