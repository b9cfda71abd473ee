import { KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import type {
  FetchedPartition,
  FetchRequest,
  KafkaTransport,
  OffsetQuery,
  PartitionLeader,
} from '#src/connector/kafka/kafka-transport.js'
import { headerOf, recordBatch } from '../../../support/record-batch.js'

type PendingFetch = {
  readonly node: number
  readonly request: FetchRequest
  readonly answer: (partitions: readonly FetchedPartition[]) => void
  readonly fail: (error: unknown) => void
}

/**
 * A cluster as a few maps behind the seam of the transport. A fetch waits until the test says what becomes of it:
 * `answer()` serves it from the logs, `fail()` breaks it.
 */
export class LogDouble implements KafkaTransport {
  readonly logs = new Map<number, { earliest: number; latest: number; batches: Buffer[] }>()
  readonly leaders = new Map<number, number>()
  readonly committed = new Map<number, number>()
  readonly commits: { group: string; offsets: [number, number][]; note: string }[] = []
  readonly fetches: PendingFetch[] = []
  readonly asked: OffsetQuery[] = []
  metadataCalls = 0
  metadataFault: KafkaFault | undefined
  commitFault: KafkaFault | undefined
  isClosed = false

  /** Appends `values` to `partition` as one batch. */
  append(partition: number, values: readonly (string | null)[], leader = 1): void {
    const log = this.logs.get(partition) ?? { earliest: 0, latest: 0, batches: [] }
    const records = values.map((value) => ({ value: value === null ? null : Buffer.from(value) }))
    if (records.length > 0) log.batches.push(recordBatch(log.latest, records))
    log.latest += records.length
    this.logs.set(partition, log)
    if (!this.leaders.has(partition)) this.leaders.set(partition, leader)
  }

  async metadata(): Promise<readonly PartitionLeader[]> {
    this.metadataCalls++
    if (this.metadataFault !== undefined) throw this.metadataFault
    return [...this.logs.keys()].map((partition) => ({ partition, leader: this.leaders.get(partition) }))
  }

  async listOffsets(_topic: string, partitions: readonly number[], when: OffsetQuery) {
    this.asked.push(when)
    return new Map(
      partitions.map((partition) => {
        const { earliest, latest } = this.#log(partition)
        return [partition, when === 'earliest' ? earliest : when === 'latest' ? latest : when.timestamp]
      }),
    )
  }

  fetch(node: number, request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return new Promise((answer, fail) => this.fetches.push({ node, request, answer, fail }))
  }

  /** Serves the oldest fetch, or the oldest to `node`, in the order and up to the bytes that it asked for. */
  async answer(node?: number): Promise<void> {
    const { request, answer } = this.#take(node)
    let left = request.maxBytes
    const partitions = request.partitions.map(({ partition, offset }): FetchedPartition => {
      const log = this.#log(partition)
      const none = { partition, error: undefined, aborted: [], records: Buffer.alloc(0) }
      const marks = { highWatermark: log.latest, lastStableOffset: log.latest }
      if (offset < log.earliest || offset > log.latest) {
        return {
          ...none,
          ...marks,
          error: new KafkaFault('out-of-range', 'OFFSET_OUT_OF_RANGE', 'out of range'),
        }
      }
      const batches: Buffer[] = []
      for (const batch of log.batches) {
        if (headerOf(batch).nextOffset <= offset || left <= 0) continue
        left -= batch.length
        batches.push(batch)
      }
      return { ...none, ...marks, records: Buffer.concat(batches) }
    })
    answer(partitions)
    await turns()
  }

  async answerWith(error: KafkaFault, node?: number): Promise<void> {
    const { request, answer } = this.#take(node)
    const none = { highWatermark: -1, lastStableOffset: -1, aborted: [], records: Buffer.alloc(0) }
    answer(request.partitions.map(({ partition }) => ({ partition, error, ...none })))
    await turns()
  }

  async fail(error: unknown, node?: number): Promise<void> {
    this.#take(node).fail(error)
    await turns()
  }

  async commitGroup(group: string, _topic: string, offsets: ReadonlyMap<number, number>, note: string) {
    this.commits.push({ group, offsets: [...offsets], note })
    if (this.commitFault !== undefined) throw this.commitFault
  }

  async fetchGroup(): Promise<ReadonlyMap<number, number>> {
    return this.committed
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  #log(partition: number): { earliest: number; latest: number; batches: Buffer[] } {
    const log = this.logs.get(partition)
    if (log === undefined) throw new Error(`there is no partition ${partition}`)
    return log
  }

  #take(node: number | undefined): PendingFetch {
    const index = this.fetches.findIndex((each) => node === undefined || each.node === node)
    const [fetch] = index < 0 ? [] : this.fetches.splice(index, 1)
    if (fetch === undefined) throw new Error('no fetch is under way')
    return fetch
  }
}

/** Lets promises settle. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 16; i++) await Promise.resolve()
}
