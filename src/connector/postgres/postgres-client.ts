import pg from 'pg'
import type { Clock } from '../../kit/clock.js'
import type { Logger } from '../../kit/logger.js'
import type { DatabaseAddress } from './database-address.js'
import type { DatabaseClient } from './database-client.js'
import { connectFault, PostgresFault, statementFault } from './postgres-fault.js'
import { PREPARE_SESSION } from './postgres-statements.js'

export interface PostgresClientOptions {
  readonly address: DatabaseAddress
  /** Shown in `pg_stat_activity`: job, sink and subtask. */
  readonly applicationName: string
  readonly statementTimeoutMs: number
  readonly clock: Clock
  readonly logger: Logger
}

/** PostgreSQL cuts longer names off; cut here, so that they can be compared. */
const APPLICATION_NAME_BYTES = 63
const CONNECT_MS = 10_000
const KEEP_ALIVE_MS = 10_000
/** After the server's own time-out, how long its answer may take before the connection is taken for dead. */
const ANSWER_GRACE_MS = 15_000
/** A backend looks this often whether its client is still there, so that what a dead one left running ends. */
const CLIENT_CHECK_MS = 2_000
/** How long closing may take to cancel what runs. */
const CANCEL_MS = 1_000

/**
 * One connection to PostgreSQL, made when it is needed and made anew when it was lost: the one file that imports `pg`.
 * One statement at a time. What goes wrong is a `PostgresFault` that tells what is known of the statement.
 */
export class PostgresClient implements DatabaseClient {
  readonly #options: PostgresClientOptions
  #client: pg.Client | undefined
  #backend: number | undefined
  #isBusy = false
  #isClosed = false

  constructor(options: PostgresClientOptions) {
    this.#options = options
  }

  /** Runs one statement on autocommit. Throws a PostgresFault. */
  async query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]> {
    const client = await this.#connected()
    const answerMs = this.#options.statementTimeoutMs + ANSWER_GRACE_MS
    const cancelTimeout = this.#options.clock.after(answerMs, () => this.#drop(client))
    this.#isBusy = true
    try {
      // Values make it an extended query, which takes one statement; none, a simple one, which takes several.
      const result = await client.query(values === undefined ? text : { text, values: [...values] })
      return result.rows as Row[]
    } catch (error) {
      const fault = statementFault(error)
      if (fault.kind === 'unanswered') this.#drop(client)
      throw fault
    } finally {
      this.#isBusy = false
      cancelTimeout()
    }
  }

  /** Closes the connection. What runs on it is cancelled, as far as that is possible, and its answer is given up. */
  async close(): Promise<void> {
    this.#isClosed = true
    const client = this.#client
    if (client === undefined) return
    const backend = this.#isBusy ? this.#backend : undefined
    this.#drop(client)
    if (backend !== undefined) await this.#cancel(backend)
  }

  async #connected(): Promise<pg.Client> {
    if (this.#isClosed) throw new PostgresFault('unreachable', new Error('the sink is closed'))
    if (this.#client !== undefined) return this.#client
    const client = this.#newClient()
    this.#client = client
    try {
      await client.connect()
      const { statementTimeoutMs } = this.#options
      await client.query(PREPARE_SESSION, [String(statementTimeoutMs)])
      await this.#noticeVanishedClients(client)
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
      this.#backend = rows[0]?.pid
      if (this.#client === client) return client
      throw new Error('the connection ended')
    } catch (error) {
      this.#drop(client)
      throw connectFault(error)
    }
  }

  #newClient(): pg.Client {
    const { address, applicationName, logger } = this.#options
    const { url, tls } = address
    const client = clientOf({
      connectionString: url,
      // A copy, of which pg hides the key. Always there, so that no PGSSLMODE has a say.
      ssl: tls === false ? false : { ...tls },
      application_name: shortened(applicationName),
      keepAlive: true,
      keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
      connectionTimeoutMillis: CONNECT_MS,
    })
    // Without a listener, a connection lost between two statements would end the process.
    client.on('error', (error) => {
      logger.debug({ error: error.message }, 'a connection to PostgreSQL was lost')
      this.#drop(client)
    })
    client.on('end', () => this.#drop(client))
    return client
  }

  /** Not every server knows the setting, and not every platform allows it; it is no more than tidiness. */
  async #noticeVanishedClients(client: pg.Client): Promise<void> {
    await client
      .query(`set client_connection_check_interval = ${CLIENT_CHECK_MS}`)
      .catch((error: unknown) => {
        if (statementFault(error).kind === 'unanswered') throw error
      })
  }

  /** Forgets `client` and closes its socket; a statement under way on it fails as unanswered. */
  #drop(client: pg.Client): void {
    if (this.#client === client) {
      this.#client = undefined
      this.#backend = undefined
    }
    client.connection.stream.destroy()
  }

  async #cancel(backend: number): Promise<void> {
    const { applicationName, clock } = this.#options
    const client = this.#newClient()
    const cancelled = client
      .connect()
      .then(() =>
        client.query(
          'select pg_cancel_backend(pid) from pg_stat_activity where pid = $1 and application_name = $2',
          [backend, shortened(applicationName)],
        ),
      )
      .catch(() => {}) // the fence holds anyway
    await Promise.race([cancelled, new Promise<void>((resolve) => clock.after(CANCEL_MS, resolve))])
    client.connection.stream.destroy()
  }
}

/** Throws a PostgresFault for an address that is none. */
function clientOf(config: pg.ClientConfig): pg.Client {
  try {
    return new pg.Client(config)
  } catch (error) {
    throw new PostgresFault('refused', error)
  }
}

function shortened(name: string): string {
  const printable = name.replaceAll(/[^\x20-\x7e]/g, '?')
  return printable.slice(0, APPLICATION_NAME_BYTES)
}
