import type { SinkContext } from '../sink.js'
import type { DatabaseClient } from './database-client.js'
import { type FaultKind, faultError, PostgresFault } from './postgres-fault.js'

/** How long a sink that opens waits for a server that cannot be reached. While it runs, it waits as long as it takes. */
const OPEN_PATIENCE_MS = 30_000
const FIRST_DELAY_MS = 100
const MAX_DELAY_MS = 5_000
/** Refused that often in a row for a passing reason, it is not passing. */
const TRANSIENT_MAX = 20

/** Whether a statement that met a fault may be run again. */
export type RetryPolicy = Readonly<Record<FaultKind, 'retry' | 'give-up'>>

/** For statements that do nothing the second time: reads, raises, and pieces, whose ledger knows them. */
export const REPEATABLE: RetryPolicy = {
  unreachable: 'retry',
  unanswered: 'retry',
  transient: 'retry',
  refused: 'give-up',
}

/** For plain writes: one without an answer may still land after its repetition, and would win over newer rows. */
export const ONLY_ANSWERED: RetryPolicy = { ...REPEATABLE, unanswered: 'give-up' }

/**
 * Runs statements of one sink subtask, again where its policy allows, with a growing pause between. Throws a
 * RetakeError when it gives up, and `GivenUp` when the sink was closed meanwhile.
 */
export class PostgresSession {
  readonly #client: DatabaseClient
  readonly #ctx: Pick<SinkContext, 'clock' | 'logger'>
  readonly #where: string
  readonly #pauses = new Set<() => void>()
  #isOpening = true
  #isClosed = false

  constructor(client: DatabaseClient, ctx: Pick<SinkContext, 'clock' | 'logger'>, where: string) {
    this.#client = client
    this.#ctx = ctx
    this.#where = where
  }

  /** The sink is open: from now on it waits for its server without an end. */
  opened(): void {
    this.#isOpening = false
  }

  query<Row>(text: string, values: readonly unknown[], policy: RetryPolicy): Promise<Row[]> {
    return this.run((client) => client.query<Row>(text, values), policy)
  }

  /** Runs several statements, all of them again when one of them is to be repeated. */
  async run<T>(statements: (client: DatabaseClient) => Promise<T>, policy: RetryPolicy): Promise<T> {
    const started = this.#ctx.clock.now()
    for (let tries = 1; ; tries++) {
      try {
        return await statements(this.#client)
      } catch (error) {
        if (this.#isClosed) throw new GivenUp()
        if (!(error instanceof PostgresFault)) throw error
        const waitedMs = this.#ctx.clock.now() - started
        if (!this.#mayRetry(error, policy, tries, waitedMs)) throw faultError(error, this.#where)
        const { kind, code, message } = error
        this.#ctx.logger.warn({ kind, code, message, tries }, `PostgreSQL, ${this.#where}: trying again`)
        await this.#pause(Math.min(FIRST_DELAY_MS * 2 ** (tries - 1), MAX_DELAY_MS))
        if (this.#isClosed) throw new GivenUp()
      }
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const wake of this.#pauses) wake()
    await this.#client.close()
  }

  #mayRetry({ kind }: PostgresFault, policy: RetryPolicy, tries: number, waitedMs: number): boolean {
    if (policy[kind] === 'give-up') return false
    return kind === 'transient' ? tries < TRANSIENT_MAX : !this.#isOpening || waitedMs < OPEN_PATIENCE_MS
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ctx.clock.after(delayMs, () => wake())
      const wake = () => {
        this.#pauses.delete(wake)
        cancel()
        resolve()
      }
      this.#pauses.add(wake)
    })
  }
}

/** The sink was closed while a statement was under way; what became of it is for the next attempt to find out. */
class GivenUp extends Error {
  override readonly name = 'GivenUp'

  constructor() {
    super('the sink was closed')
  }
}
