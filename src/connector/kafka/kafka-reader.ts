import type { CheckpointId } from '../../kit/ids.js'
import { LIMITS } from '../../kit/limits.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SourceContext, SourceReader } from '../source.js'
import { GroupCommitter } from './group-committer.js'
import { BAD_RECORD, type KafkaDeserializer } from './kafka-deserializer.js'
import type { KafkaSourceOptions } from './kafka-options.js'
import { kafkaPosition, splitPosition } from './kafka-position.js'
import { KafkaSplit } from './kafka-split.js'
import type { KafkaTransport } from './kafka-transport.js'
import type { RecordSet } from './record-set.js'
import { SplitFetcher } from './split-fetcher.js'

/**
 * Reads the partitions of one source subtask: out of what `SplitFetcher` has fetched ahead, in turn, so that a full
 * partition does not keep a thin one waiting. Nothing here waits: no record, no end of a poll.
 *
 * Positions move when records are emitted or passed over, and only in `poll`: while nobody polls they stand still.
 */
export class KafkaReader implements SourceReader {
  readonly #topic: string
  readonly #onBadRecord: KafkaSourceOptions['onBadRecord']
  readonly #deserializer: KafkaDeserializer
  readonly #ctx: SourceContext
  readonly #fetcher: SplitFetcher
  readonly #committer: GroupCommitter | undefined
  readonly #splits: KafkaSplit[] = []
  #turn = 0

  constructor(
    options: KafkaSourceOptions,
    deserializer: KafkaDeserializer,
    transport: KafkaTransport,
    ctx: SourceContext,
  ) {
    this.#topic = options.topic
    this.#onBadRecord = options.onBadRecord
    this.#deserializer = deserializer
    this.#ctx = ctx
    this.#fetcher = new SplitFetcher(transport, options, ctx.clock, ctx.logger, {
      fetched: () => ctx.ready(),
      failed: (error) => ctx.fail(error),
    })
    if (options.group !== undefined) {
      this.#committer = new GroupCommitter(transport, options.group, options.topic, ctx.logger)
    }
  }

  addSplits(splits: readonly SplitPosition[]): void {
    const added = splits.map((split) => new KafkaSplit(kafkaPosition(this.#topic, split)))
    this.#splits.push(...added)
    this.#fetcher.add(added)
  }

  poll(): 'more' | 'idle' | 'end' {
    const splits = this.#splits
    let records = LIMITS.batchRecords
    let bytes = LIMITS.pollBytes
    for (let empty = 0; empty < splits.length && records > 0 && bytes > 0; ) {
      const split = splits[this.#turn % splits.length]!
      this.#turn = (this.#turn + 1) % splits.length
      let left = Math.min(records, LIMITS.kafkaTurnRecords)
      const before = left
      while (left > 0 && bytes > 0) {
        const set = split.advance()
        if (set === undefined) break
        bytes -= this.#emit(split, set)
        left--
      }
      records -= before - left
      empty = left === before ? empty + 1 : 0
    }
    this.#fetcher.pump()
    if (splits.some((split) => split.hasFetched)) return 'more'
    return splits.every((split) => split.isEnded) ? 'end' : 'idle'
  }

  positions(): readonly SplitPosition[] {
    return this.#splits.map((split) => splitPosition(this.#topic, split.position))
  }

  onCheckpointComplete(checkpoint: CheckpointId, positions: readonly SplitPosition[]): void {
    this.#committer?.commit(checkpoint, positions)
  }

  async close(): Promise<void> {
    await this.#fetcher.close()
  }

  /** Emits the record on which `set` stands; its bytes. */
  #emit(split: KafkaSplit, set: RecordSet): number {
    const { record } = set
    const value = this.#deserializer.deserialize(record, split.partition)
    if (value === BAD_RECORD) this.#onBad(split, set)
    else this.#ctx.emit(value)
    split.passed(set)
    return Math.max(0, record.valueEnd - record.valueStart)
  }

  #onBad(split: KafkaSplit, { record }: RecordSet): void {
    const error = this.#deserializer.badRecord(record, split.partition)
    if (this.#onBadRecord === 'fail') throw error
    this.#ctx.skipped(error, this.#deserializer.sample(record))
  }
}
