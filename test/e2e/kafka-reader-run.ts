import { Kafka, type KafkaConfig, logLevel, type Producer, type ProducerConfig } from 'kafkajs'
import type { SourceConnector } from '#src/connector/registry.js'
import type { SourceReader, SplitEnumerator } from '#src/connector/source.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { until } from '../support/until.js'

type Options = Readonly<Record<string, unknown>>

export function enumeratorOf(connector: SourceConnector, options: Options): SplitEnumerator {
  return connector.enumerator(options, { clock: systemClock, logger: silentLogger, parallelism: 1 })
}

/** A source subtask as small as can be: it polls when told, or when ready, and keeps what comes. */
export class ReaderRun {
  readonly records: unknown[] = []
  readonly skipped: { reason: unknown; sample: string }[] = []
  readonly failures: unknown[] = []
  readonly reader: SourceReader
  readonly #enumerator: SplitEnumerator
  #wake: () => void = () => {}
  #readiness = 0
  onRecord: (record: unknown) => void = (record) => this.records.push(record)

  constructor(connector: SourceConnector, options: Options, functions: Options = {}) {
    this.#enumerator = enumeratorOf(connector, options)
    this.reader = connector.reader(
      { connector: 'kafka', options, functions },
      {
        clock: systemClock,
        logger: silentLogger,
        subtask: 0,
        parallelism: 1,
        emit: (record) => this.onRecord(record),
        ready: () => {
          this.#readiness++
          this.#wake()
        },
        fail: (error) => {
          this.failures.push(error)
          this.#wake()
        },
        skipped: (reason, sample) => this.skipped.push({ reason, sample }),
      },
    )
  }

  /** Asks for the splits as at the start of a run, and takes all of them. */
  async resolve(): Promise<readonly SplitPosition[]> {
    const splits = await this.#enumerator.resolve()
    this.reader.addSplits(splits)
    return splits
  }

  get enumerator(): SplitEnumerator {
    return this.#enumerator
  }

  /** Polls until `done`, or until all splits are at their end. Throws what failed the subtask. */
  async pollUntil(done: () => boolean, timeoutMs = 30_000): Promise<void> {
    const deadline = systemClock.now() + timeoutMs
    while (!done()) {
      if (this.failures.length > 0) throw this.failures[0]
      const answer = this.reader.poll()
      if (answer === 'end') return
      if (systemClock.now() > deadline)
        throw new Error(`${this.records.length} records after ${timeoutMs} ms`)
      await new Promise<void>((resolve) => {
        if (answer === 'more') return systemClock.soon(resolve)
        const cancel = systemClock.after(1_000, resolve)
        this.#wake = () => {
          cancel()
          resolve()
        }
      })
    }
  }

  untilEnd(timeoutMs?: number): Promise<void> {
    return this.pollUntil(() => false, timeoutMs)
  }

  /** The error that fails the subtask, from `poll` or outside of it. */
  async failure(timeoutMs?: number): Promise<unknown> {
    return this.untilEnd(timeoutMs).then(
      () => undefined,
      (error: unknown) => error,
    )
  }

  /** Waits without polling until the reader has said that it is ready `times` times. */
  async untilReady(times: number): Promise<void> {
    await until(() => this.#readiness >= times, { what: `the reader to be ready ${times} times` })
  }

  async close(): Promise<void> {
    await this.reader.close()
    await this.#enumerator.close()
  }
}

export async function withProducer<T>(
  bootstrap: string,
  use: (producer: Producer) => Promise<T>,
  config: ProducerConfig = {},
  connection: Partial<KafkaConfig> = {},
): Promise<T> {
  const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, ...connection })
  const producer = kafka.producer({ allowAutoTopicCreation: false, ...config })
  await producer.connect()
  try {
    return await use(producer)
  } finally {
    await producer.disconnect()
  }
}
