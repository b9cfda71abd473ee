import { ClickProducer } from '../e2e/click-producer.js'
import { until } from '../support/until.js'
import { ChaosCluster, PARTITIONS, TOPIC } from './chaos-cluster.js'
import type { ChaosOptions } from './chaos-report.js'
import { ClickTables } from './click-tables.js'

const USERS = 10_000
const FIRST_COMMIT_MS = 60_000

/** The cluster with the job on it, clicks that come at a steady rate, and where they arrive. */
export class Stage {
  readonly cluster: ChaosCluster
  readonly tables: ClickTables
  readonly #producer: ClickProducer
  readonly #produced: Promise<void>
  /** A time of day: from it on it is measured. */
  readonly startedAt = Date.now()

  private constructor(
    cluster: ChaosCluster,
    tables: ClickTables,
    producer: ClickProducer,
    produced: Promise<void>,
  ) {
    this.cluster = cluster
    this.tables = tables
    this.#producer = producer
    this.#produced = produced
  }

  /**
   * Resolves when clicks arrive, and all nodes are alive.
   * @param logs a folder for all that the nodes say
   */
  static async open(options: ChaosOptions, logs?: string): Promise<Stage> {
    const cluster = await ChaosCluster.start({ ...options, logs })
    const { seed, ratePerSecond } = options
    const producer = new ClickProducer({
      brokers: cluster.kafka.bootstrap,
      topic: TOPIC,
      partitions: PARTITIONS,
      count: Number.POSITIVE_INFINITY,
      users: USERS,
      ratePerSecond,
      seed,
      catchUpMs: Number.POSITIVE_INFINITY,
    })
    try {
      const tables = new ClickTables(cluster.postgres, PARTITIONS)
      await tables.create()
      await cluster.submit()
      const produced = producer.run()
      await until(async () => (await tables.visibleAt(0)) !== undefined, {
        what: 'the first commit',
        timeoutMs: FIRST_COMMIT_MS,
        everyMs: 100,
      })
      await cluster.untilWhole()
      return new Stage(cluster, tables, producer, produced)
    } catch (error) {
      producer.abandon()
      const tails = cluster.tails()
      await cluster.stop()
      throw new Error(`${(error as Error).message}\n${tails}`, { cause: error })
    }
  }

  /** No click is due any more. Resolves with how many were written, when Kafka has them all. */
  async endOfClicks(): Promise<number> {
    this.#producer.endAt(this.#producer.sent)
    await this.#produced
    return this.#producer.sent
  }

  async close(): Promise<void> {
    this.#producer.abandon()
    await this.cluster.stop()
  }
}
