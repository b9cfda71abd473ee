import type { PartitionerSpec } from '../channel/partitioner-spec.js'
import type { NodeSpec } from '../graph/stream-graph.js'
import type { NewInput, StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { checkId } from '../graph/stream-graph-builder.js'
import { RetakeError } from '../kit/errors.js'
import type { Key } from '../kit/key.js'
import { guardedKey, type Place, userError } from '../operator/user-code.js'
import { callSite } from './call-site.js'
import type { Sink } from './ends.js'
import { KeyedStream, type Partitioning } from './keyed-stream.js'
import type { NamedOperatorOptions, OperatorOptions } from './operator-options.js'
import { keyOfFields, plainFields, sameFields } from './plain-fields.js'
import { requiredEnd, requiredFunction } from './required.js'

/**
 * A stream of records of one type: what the next operator is connected to. Streams are values; each call describes
 * one more operator and returns the stream behind it. Functions get a record and return another: a record that they
 * were given they never change, as another operator may have it too. What is no function is refused with RT1011; every
 * error names the line of the call.
 */
export class Stream<out T> {
  readonly #builder: StreamGraphBuilder
  readonly #inputs: readonly NewInput[]
  readonly #partitioning: Partitioning | undefined

  constructor(builder: StreamGraphBuilder, inputs: readonly NewInput[], partitioning?: Partitioning) {
    this.#builder = builder
    this.#inputs = inputs
    this.#partitioning = partitioning
  }

  /** One record for each. */
  map<R>(map: (record: T) => R, options: NamedOperatorOptions = {}): Stream<R> {
    const where = callSite(this.map)
    requiredFunction('map', map, where)
    return this.#then({ kind: 'map', map: map as (record: unknown) => unknown }, where, options)
  }

  /** Keeps the records of which `keep` is true; a type guard narrows their type. */
  filter<R extends T>(keep: (record: T) => record is R, options?: NamedOperatorOptions): Stream<R>
  filter(keep: (record: T) => boolean, options?: NamedOperatorOptions): Stream<T>
  filter(keep: (record: T) => boolean, options: NamedOperatorOptions = {}): Stream<T> {
    const where = callSite(this.filter)
    requiredFunction('filter', keep, where)
    const stream = this.#then<T>(
      { kind: 'filter', keep: keep as (record: unknown) => boolean },
      where,
      options,
    )
    return this.#partitioning === undefined ? stream : stream.#partitionedAs(this.#partitioning)
  }

  /** Any number of records for each: what `expand` returns as an array, yields, or holds in another iterable. */
  flatMap<R>(expand: (record: T) => Iterable<R>, options: NamedOperatorOptions = {}): Stream<R> {
    const where = callSite(this.flatMap)
    requiredFunction('flatMap', expand, where)
    const operator = { kind: 'flat-map', expand: expand as (record: unknown) => Iterable<unknown> } as const
    return this.#then(operator, where, options)
  }

  /**
   * Records of one key meet in one subtask. A key is a string, a finite number, a bigint, a boolean, or a tuple of them,
   * of one type in a stream: anything else fails the job (RT1610, RT1611).
   */
  keyBy<const K extends Key>(keyOf: (record: T) => K): KeyedStream<K, T> {
    const where = callSite(this.keyBy)
    requiredFunction('keyBy', keyOf, where)
    const guarded = guardedKey(keyOf, { operator: 'keyBy', where })
    const inputs = this.#sentBy({ kind: 'hash', keyOf: guarded })
    const behind = <R>(node: number, partitioning: Partitioning | undefined) =>
      new Stream<R>(this.#builder, [{ from: node, partitioner: undefined }], partitioning)
    return new KeyedStream({
      builder: this.#builder,
      inputs,
      keyOf: guarded,
      fields: plainFields(keyOf),
      behind,
    })
  }

  /** The records of all these streams, in any order. Throws RT1007 for none, and for a stream of another job. */
  union<U = never>(...streams: readonly [Stream<U>, ...Stream<U>[]]): Stream<T | U> {
    const where = callSite(this.union)
    const joined = streams as readonly Stream<unknown>[]
    if (joined.length === 0) throw wrongUnion('a union of nothing', 'it needs another stream', where)
    if (!joined.every((stream) => stream instanceof Stream && stream.#builder === this.#builder)) {
      throw wrongUnion('a union with what is no stream of this job', 'streams are joined within a job', where)
    }
    return new Stream(this.#builder, [...this.#inputs, ...joined.flatMap((stream) => stream.#inputs)])
  }

  /** Deals records to all subtasks of the next operator in turn. */
  rebalance(): Stream<T> {
    return new Stream(this.#builder, this.#sentBy({ kind: 'rebalance' }))
  }

  /** Like rebalance, but each subtask deals only to those next to it, so that fewer channels are needed. */
  rescale(): Stream<T> {
    return new Stream(this.#builder, this.#sentBy({ kind: 'rescale' }))
  }

  /** Every record to every subtask of the next operator. */
  broadcast(): Stream<T> {
    return new Stream(this.#builder, this.#sentBy({ kind: 'broadcast' }))
  }

  /** Every record to the first subtask of the next operator. */
  global(): Stream<T> {
    return new Stream(this.#builder, this.#sentBy({ kind: 'global' }))
  }

  /** `choose` returns the index of a subtask of the next operator, 0 … subtasks - 1; another one fails the job (RT1613). */
  partitionCustom(choose: (record: T, subtasks: number) => number): Stream<T> {
    const where = callSite(this.partitionCustom)
    requiredFunction('partitionCustom', choose, where)
    const place = { operator: 'partitionCustom', where }
    const custom = guardedChoice(choose as (record: unknown, channels: number) => number, place)
    return new Stream(this.#builder, this.#sentBy({ kind: 'custom', choose: custom }))
  }

  /** The operator just described is fused with no neighbour. */
  disableChaining(): Stream<T> {
    for (const { from } of this.#inputs) this.#builder.setChaining(from, 'never')
    return this
  }

  /** The operator just described begins a chain. */
  startNewChain(): Stream<T> {
    for (const { from } of this.#inputs) this.#builder.setChaining(from, 'head')
    return this
  }

  /**
   * Ends here: records go to `sink`. What it has staged is found again, in a checkpoint, by `id`. Throws RT1004 for what
   * cannot be an id, RT1010 for a sink that replaces rows and has no key.
   */
  to(id: string, sink: Sink<T>, options: OperatorOptions = {}): void {
    const where = callSite(this.to)
    checkId(id, where, 'a sink')
    requiredEnd('to', 'sink', sink, where)
    this.#builder.add(
      {
        id,
        operator: { kind: 'sink', sink },
        parallelism: options.parallelism,
        chaining: options.chaining,
        where,
      },
      this.#inputsOf(id, sink, options, where),
    )
  }

  /** A keyed sink is reached by the hash of its own key, so that one key has one writer. */
  #inputsOf(id: string, sink: Sink<T>, options: OperatorOptions, where: string): readonly NewInput[] {
    const fields = sink.keyFields
    if (fields === undefined) return this.#inputs
    if (fields.length === 0) {
      throw new RetakeError('RT1010', {
        what: `the sink ${JSON.stringify(id)} replaces rows by key and has no key`,
        why: 'without columns that name a row it cannot tell which one to replace',
        fix: "give its `key`, for example key: ['user_id'], or choose mode: 'append'",
        where,
      })
    }
    if (this.#isPartitionedBy(fields, options)) return this.#inputs
    return this.#sentBy({ kind: 'hash', keyOf: guardedKey(keyOfFields(fields), { operator: id, where }) })
  }

  /** Whether one subtask here has all records of one value of `fields`, and hands them to one subtask of the sink. */
  #isPartitionedBy(fields: readonly string[], { parallelism }: OperatorOptions): boolean {
    const partitioning = this.#partitioning
    const [input] = this.#inputs
    if (partitioning === undefined || input === undefined || input.partitioner !== undefined) return false
    const here = this.#builder.parallelismOf(partitioning.node)
    const isStill = this.#builder.parallelismOf(input.from) === here
    return isStill && this.#builder.resolved(parallelism) === here && sameFields(partitioning.fields, fields)
  }

  #then<R>(operator: NodeSpec, where: string, options: NamedOperatorOptions): Stream<R> {
    const { id, parallelism, chaining } = options
    const from = this.#builder.add({ id, operator, parallelism, chaining, where }, this.#inputs)
    return new Stream(this.#builder, [{ from, partitioner: undefined }])
  }

  /** The same stream behind one more operator that keeps fields and subtask of every record. */
  #partitionedAs({ fields, node }: Partitioning): Stream<T> {
    const [input] = this.#inputs
    const isStill =
      input !== undefined && this.#builder.parallelismOf(input.from) === this.#builder.parallelismOf(node)
    return isStill ? new Stream(this.#builder, this.#inputs, { fields, node }) : this
  }

  #sentBy(partitioner: PartitionerSpec): readonly NewInput[] {
    return this.#inputs.map(({ from }) => ({ from, partitioner }))
  }
}

/** `choose` as the runtime calls it: what it throws is told with the user's line and the record. */
function guardedChoice(choose: (record: unknown, channels: number) => number, place: Place): typeof choose {
  return (record, channels) => {
    try {
      return choose(record, channels)
    } catch (cause) {
      throw userError(place, record, cause)
    }
  }
}

function wrongUnion(what: string, why: string, where: string): RetakeError {
  return new RetakeError('RT1007', { what, why, fix: 'join streams of the same job: a.union(b)', where })
}
