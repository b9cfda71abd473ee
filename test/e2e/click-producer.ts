import { CompressionTypes, Kafka, logLevel } from 'kafkajs'
import { randomInteger, seededRandom } from '#src/kit/random.js'

export interface ClickProducerOptions {
  readonly brokers: string
  readonly topic: string
  readonly partitions: number
  /** It ends after so many, or when it is told to. */
  readonly count: number
  readonly users: number
  readonly ratePerSecond: number
  readonly seed: number
  /** So far behind its rate it catches up; what it could not write before that is left out. 1 s unless said. */
  readonly catchUpMs?: number
  /** Pads each url, so that a record has about this many bytes. */
  readonly recordBytes?: number
}

const BEAT_MS = 20

/**
 * Writes clicks at a steady rate, one after the other over the partitions. While the broker is away it keeps what was
 * not acknowledged and writes it again: a click may then stand in the topic twice, so only the topic is the oracle.
 */
export class ClickProducer {
  readonly #options: ClickProducerOptions
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = []
  #sent = 0
  #count: number
  #isAbandoned = false

  constructor(options: ClickProducerOptions) {
    this.#options = options
    this.#count = options.count
  }

  /** Clicks that the broker has acknowledged. */
  get sent(): number {
    return this.#sent
  }

  /** The last click is written. */
  get isDone(): boolean {
    return this.#sent >= this.#count
  }

  /** The last click is number `count`, or the last one that was written if there are more already. */
  endAt(count: number): void {
    this.#count = count
  }

  /** Gives up what is not written: the broker may be gone. */
  abandon(): void {
    this.#isAbandoned = true
  }

  /** Resolves when `count` clicks are in the topic. */
  reached(count: number): Promise<void> {
    if (this.#sent >= count) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push({ count, resolve }))
  }

  async run(): Promise<void> {
    const { brokers, ratePerSecond, catchUpMs = 1_000 } = this.#options
    const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING, retry: { retries: 2 } })
    const producer = kafka.producer({ allowAutoTopicCreation: false })
    await producer.connect()
    const random = seededRandom(this.#options.seed)
    const beat = Math.max(1, Math.round((ratePerSecond * BEAT_MS) / 1_000))
    let due = Date.now()
    while (!this.isDone && !this.#isAbandoned) {
      const clicks = Array.from({ length: Math.min(beat, this.#count - this.#sent) }, (_, i) =>
        this.#click(this.#sent + i, due, random),
      )
      await this.#write(producer, clicks)
      this.#sent += clicks.length
      this.#tell()
      due = Math.max(due + BEAT_MS, Date.now() - catchUpMs)
      const early = due - Date.now()
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early))
    }
    await producer.disconnect()
  }

  async #write(producer: ReturnType<Kafka['producer']>, clicks: readonly string[]): Promise<void> {
    const { topic, partitions } = this.#options
    const messages = clicks.map((value, i) => ({ value, partition: (this.#sent + i) % partitions }))
    while (!this.#isAbandoned) {
      try {
        await producer.send({ topic, messages, acks: -1, compression: CompressionTypes.None })
        return
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }

  /**
   * Skewed: half of all clicks are of a tenth of the users. Three of four are logged in. `dueAt` is the time of day at
   * which it should be written, however late it is.
   */
  #click(index: number, dueAt: number, random: ReturnType<typeof seededRandom>): string {
    const { users, recordBytes = 0 } = this.#options
    const bound = random.next() < 0.5 ? Math.ceil(users / 10) : users
    const url = `/page/${randomInteger(random, 1_000)}`
    const click = {
      userId: `user-${randomInteger(random, bound)}`,
      url,
      ts: index,
      loggedIn: random.next() < 0.75,
      dueAt,
    }
    const padding = recordBytes - JSON.stringify(click).length
    return JSON.stringify(padding > 0 ? { ...click, url: url + '-'.repeat(padding) } : click)
  }

  #tell(): void {
    for (const { count, resolve } of this.#waiting) if (this.#sent >= count) resolve()
  }
}
