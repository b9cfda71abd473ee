import type { Clock } from '../../kit/clock.js'
import { RetakeError } from '../../kit/errors.js'
import type { Logger } from '../../kit/logger.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SplitEnumerator } from '../source.js'
import { backoffMs } from './backoff.js'
import { faultOf, retakeErrorOf } from './kafka-fault.js'
import type { KafkaSourceOptions, StartOption, StopOption } from './kafka-options.js'
import { splitOf, splitPosition } from './kafka-position.js'
import type { KafkaTransport } from './kafka-transport.js'

/** Brokers that cannot be reached when a run starts are waited for this long. */
const PATIENCE_MS = 30_000

/**
 * Says which partitions there are and turns words into numbers: 'latest' or a time means the same offset for the whole
 * run, whoever restarts. It runs once, before checkpoint 0; partitions that appear later are read from their beginning,
 * whatever the start was: what was written to them before they were noticed belongs to the stream.
 *
 *     earliest     the first offset that the partition still has
 *     latest       its end; under read-committed, the first offset of the oldest open transaction
 *     group        what the group has committed; a partition without a commit, from earliest
 *     timestamp    the first record at or after it, or the end
 *
 * Bounded: each partition stops at what was its end (in the same sense of latest), or at the time's offset.
 */
export class KafkaEnumerator implements SplitEnumerator {
  readonly discoverEveryMs: number | undefined
  readonly #options: KafkaSourceOptions
  readonly #transport: KafkaTransport
  readonly #clock: Clock
  readonly #logger: Logger
  #closed = false

  constructor(options: KafkaSourceOptions, transport: KafkaTransport, clock: Clock, logger: Logger) {
    this.discoverEveryMs = options.discoverMs
    this.#options = options
    this.#transport = transport
    this.#clock = clock
    this.#logger = logger
  }

  async resolve(): Promise<readonly SplitPosition[]> {
    const deadline = this.#clock.now() + PATIENCE_MS
    for (let failures = 1; ; failures++) {
      try {
        return await this.#resolveOnce()
      } catch (error) {
        const fault = faultOf(error)
        const isLast = this.#closed || this.#clock.now() + backoffMs(failures) > deadline
        if (fault instanceof RetakeError || fault.kind !== 'unavailable' || isLast) {
          throw retakeErrorOf(fault, this.#about())
        }
        this.#logger.warn(
          { topic: this.#options.topic, code: fault.code },
          `Kafka is waited for: ${fault.message}`,
        )
        await new Promise<void>((resolve) => this.#clock.after(backoffMs(failures), resolve))
      }
    }
  }

  /** Never fails: what cannot be found out now is found out the next time. */
  async discover(known: ReadonlySet<string>): Promise<readonly SplitPosition[]> {
    const { topic } = this.#options
    try {
      const partitions = await this.#partitions()
      const fresh = partitions.filter((partition) => !known.has(splitOf(topic, partition)))
      if (fresh.length === 0) return []
      const offsets = await this.#start(fresh, 'earliest')
      this.#logger.info({ topic, partitions: fresh }, 'the topic has new partitions')
      return fresh.map((partition) =>
        splitPosition(topic, { partition, offset: offsetOf(offsets, partition), stop: null }),
      )
    } catch (error) {
      if (!this.#closed) {
        this.#logger.warn({ topic, error: String(error) }, 'new partitions could not be looked for')
      }
      return []
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#transport.close()
  }

  async #resolveOnce(): Promise<readonly SplitPosition[]> {
    const { topic, start, stop } = this.#options
    const partitions = await this.#partitions()
    const starts = await this.#start(partitions, start)
    const stops = stop === undefined ? undefined : await this.#stop(partitions, stop)
    return partitions.map((partition) =>
      splitPosition(topic, {
        partition,
        offset: offsetOf(starts, partition),
        stop: stops === undefined ? null : offsetOf(stops, partition),
      }),
    )
  }

  async #partitions(): Promise<readonly number[]> {
    return (await this.#transport.metadata(this.#options.topic)).map(({ partition }) => partition)
  }

  async #start(partitions: readonly number[], start: StartOption): Promise<ReadonlyMap<number, number>> {
    const { topic, group, isolation } = this.#options
    if (start !== 'group') return this.#transport.listOffsets(topic, partitions, start, isolation)
    const earliest = await this.#transport.listOffsets(topic, partitions, 'earliest', isolation)
    const committed = await this.#transport.fetchGroup(group ?? '', topic, partitions)
    return new Map([...earliest, ...committed])
  }

  #stop(partitions: readonly number[], stop: StopOption): Promise<ReadonlyMap<number, number>> {
    return this.#transport.listOffsets(this.#options.topic, partitions, stop, this.#options.isolation)
  }

  #about(): string {
    const { topic, connection } = this.#options
    return `topic ${JSON.stringify(topic)} at ${connection.brokers.join(', ')}`
  }
}

function offsetOf(offsets: ReadonlyMap<number, number>, partition: number): number {
  const offset = offsets.get(partition)
  if (offset !== undefined) return offset
  throw new RetakeError('RT1407', {
    what: `Kafka named no offset for partition ${partition}`,
    why: 'its answer left the partition out',
    fix: 'see the broker’s log; starting again may help',
  })
}
