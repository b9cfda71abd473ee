import pg from 'pg'
import { postgresSink } from '#src/connector/postgres/postgres-sink.js'
import type { SinkSpec } from '#src/connector/sink.js'
import type { Piece } from '#src/state/snapshot.js'
import type { PostgresServer } from '../../support/postgres-server.js'
import { StagedSink, type StageOptions } from '../../support/sink-stage.js'

export interface TableOptions {
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Through a proxy, say. */
  readonly database?: string
  readonly [option: string]: unknown
}

let databases = 0

/** A database of its own with a log of clicks and their counts, and sinks that write there. Closes what it opened. */
export class PostgresStage {
  readonly url: string
  readonly #sinks: StagedSink[] = []

  private constructor(url: string) {
    this.url = url
  }

  static async on(server: PostgresServer): Promise<PostgresStage> {
    const stage = new PostgresStage(await server.createDatabase(`stage_${databases++}`))
    await stage.query('create table click_log (user_id text)')
    await stage.query('create table click_counts (user_id text primary key, clicks bigint)')
    return stage
  }

  /** A sink that appends `{ userId }` to click_log. */
  log(options: TableOptions = {}): SinkSpec {
    return this.#spec({
      table: 'click_log',
      mode: 'append',
      columns: { user_id: { from: 'userId', type: 'text' } },
      ...options,
    })
  }

  /** A sink that upserts `{ userId, clicks }` into click_counts. */
  counts(options: TableOptions = {}): SinkSpec {
    return this.#spec({
      table: 'click_counts',
      mode: 'upsert',
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

  /** A connection that the test ends, unless it is cut off before. */
  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'test' })
    client.on('error', () => {})
    await client.connect()
    return client
  }

  async users(): Promise<string[]> {
    const rows = await this.query<{ user_id: string }>('select user_id from click_log order by user_id')
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
  }

  #spec({ guarantee = 'exactly-once', ...options }: TableOptions): SinkSpec {
    const data = { database: this.url, ...options }
    return { connector: 'postgres', options: data, functions: {}, guarantee, keyFields: undefined }
  }
}

export function clicks(...users: string[]): { userId: string }[] {
  return users.map((userId) => ({ userId }))
}
