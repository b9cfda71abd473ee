import pg from 'pg'
import { postgresSink } from '#src/connector/postgres/postgres-sink.js'
import type { SinkSpec } from '#src/connector/sink.js'
import type { Piece } from '#src/state/snapshot.js'
import type { PostgresOptions, PostgresServer } from '../../support/postgres-server.js'
import { StagedSink, type StageOptions } from '../../support/sink-stage.js'
import { TcpProxy } from '../../support/tcp-proxy.js'
import { until } from '../../support/until.js'

export interface TableOptions {
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Through a proxy, say. */
  readonly database?: string
  readonly [option: string]: unknown
}

/** These servers are stopped and started, and never lose power: they need not wait for the disk. */
export const QUICK: PostgresOptions = { settings: { fsync: 'off', full_page_writes: 'off' } }

let databases = 0

/** A database of its own with a log of clicks and their counts, and sinks that write there. Closes what it opened. */
export class PostgresStage {
  readonly url: string
  readonly #sinks: StagedSink[] = []
  readonly #proxies: TcpProxy[] = []
  readonly #connections: pg.Client[] = []

  private constructor(url: string) {
    this.url = url
  }

  static async on(server: PostgresServer): Promise<PostgresStage> {
    const stage = new PostgresStage(await server.createDatabase(`stage_${databases++}`))
    await stage.query('create table click_log (id bigserial, user_id text)')
    await stage.query('create table click_counts (user_id text primary key, clicks bigint)')
    return stage
  }

  /** A sink that appends `{ userId }` to click_log. */
  log(options: TableOptions = {}): SinkSpec {
    return this.#spec({
      table: 'click_log',
      columns: { user_id: { from: 'userId', type: 'text' } },
      ...options,
    })
  }

  /** A sink that upserts `{ userId, clicks }` into click_counts. */
  counts(options: TableOptions = {}): SinkSpec {
    return this.#spec({
      table: 'click_counts',
      key: ['user_id'],
      columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
      ...options,
    })
  }

  /** A sink that is there and not open. */
  sink(spec: SinkSpec, options: StageOptions = {}): StagedSink {
    const sink = new StagedSink(postgresSink, spec, options)
    this.#sinks.push(sink)
    return sink
  }

  async opened(
    spec: SinkSpec,
    options: StageOptions = {},
    restored: readonly Piece[] = [],
  ): Promise<StagedSink> {
    const sink = this.sink(spec, options)
    await sink.writer.open(restored)
    return sink
  }

  /** What the user sees when the sink is opened. */
  async refusal(spec: SinkSpec, options: StageOptions = {}): Promise<unknown> {
    return this.opened(spec, options).then(
      () => new Error('the sink opened'),
      (error: unknown) => error,
    )
  }

  async proxy(): Promise<TcpProxy> {
    const { hostname, port } = new URL(this.url)
    const proxy = await TcpProxy.to({ host: hostname, port: Number(port) })
    this.#proxies.push(proxy)
    return proxy
  }

  /** One statement on a connection of its own. */
  async query<Row extends pg.QueryResultRow = Record<string, unknown>>(
    sql: string,
    values: readonly unknown[] = [],
  ): Promise<Row[]> {
    const client = await this.connect()
    try {
      return (await client.query<Row>(sql, [...values])).rows
    } finally {
      await client.end()
    }
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'test' })
    client.on('error', () => {}) // the test that cuts it off knows
    await client.connect()
    this.#connections.push(client)
    return client
  }

  /** A connection that has run `sql` in a transaction and holds its locks until it commits. */
  async holding(sql: string): Promise<{ commit(): Promise<void> }> {
    const client = await this.connect()
    await client.query('begin')
    await client.query(sql)
    return {
      commit: async () => {
        await client.query('commit')
      },
    }
  }

  /** Resolves when `count` sinks of this database stand inside the server, waiting for a lock. */
  async untilWaiting(count = 1): Promise<void> {
    const waiting = `select count(*)::integer as sinks from pg_stat_activity
      where datname = current_database() and application_name like 'retake %' and wait_event_type = 'Lock'`
    await until(async () => (await this.query(waiting))[0]?.['sinks'] === count, {
      what: `${count} sinks to wait for a lock`,
    })
  }

  /** As an administrator does it; resolves when they are gone. */
  async endSinkConnections(): Promise<void> {
    const sinks = `from pg_stat_activity where datname = current_database() and application_name like 'retake %'`
    await this.query(`select pg_terminate_backend(pid) ${sinks}`)
    await until(async () => (await this.query(`select 1 ${sinks}`)).length === 0, {
      what: 'the connections to end',
    })
  }

  /** Sorted. */
  async users(): Promise<string[]> {
    const rows = await this.query<{ user_id: string }>('select user_id from click_log order by user_id, id')
    return rows.map((row) => row.user_id)
  }

  /** In the order in which they were written. */
  async writtenUsers(): Promise<string[]> {
    const rows = await this.query<{ user_id: string }>('select user_id from click_log order by id')
    return rows.map((row) => row.user_id)
  }

  async countsByUser(): Promise<Record<string, string>> {
    const rows = await this.query<{ user_id: string; clicks: string }>(
      'select user_id, clicks from click_counts',
    )
    return Object.fromEntries(rows.map((row) => [row.user_id, row.clicks]))
  }

  async close(): Promise<void> {
    await Promise.all(this.#sinks.map((sink) => sink.writer.close()))
    await Promise.all(this.#proxies.map((proxy) => proxy.close()))
    await Promise.all(this.#connections.map((client) => client.end().catch(() => {})))
  }

  #spec({ guarantee = 'exactly-once', ...options }: TableOptions): SinkSpec {
    const data = { database: this.url, ...options }
    return { connector: 'postgres', options: data, functions: {}, guarantee, keyFields: undefined }
  }
}

export function clicks(...users: string[]): { userId: string }[] {
  return users.map((userId) => ({ userId }))
}
