import type { PostgresServer } from '../support/postgres-server.js'
import type { Delays, Second } from './chaos-report.js'

const TABLES = `
create table click_counts (user_id text primary key, clicks bigint not null);
create table click_log (
  kafka_partition integer not null, kafka_offset bigint not null, user_id text not null, url text not null,
  due_at bigint not null,
  committed_at bigint not null default extract(epoch from clock_timestamp()) * 1000);
create index on click_log (kafka_partition, due_at)`

const DELAYS = `
  (percentile_disc(0.5) within group (order by committed_at - due_at))::float as "p50Ms",
  (percentile_disc(0.99) within group (order by committed_at - due_at))::float as "p99Ms",
  max(committed_at - due_at)::float as "maxMs"`

interface DueSecond extends Delays {
  readonly second: number
  readonly due: number
}

/**
 * What the job writes. Each click says when it was due, and PostgreSQL when it was given it, by one clock: so delays are
 * known of all of them, those that a fault held up too, and not of samples. Times are milliseconds since 1970.
 */
export class ClickTables {
  readonly #postgres: PostgresServer
  readonly #partitions: number

  constructor(postgres: PostgresServer, partitions: number) {
    this.#postgres = postgres
    this.#partitions = partitions
  }

  async create(): Promise<void> {
    for (const statement of TABLES.split(';')) await this.#postgres.query(statement)
  }

  /** When, of every partition, a click that was due from `dueAt` on was there; undefined while one has none. */
  async visibleAt(dueAt: number): Promise<number | undefined> {
    const rows = await this.#postgres.query<{ at: string | null }>(
      `select (select committed_at from click_log where kafka_partition = p and due_at >= $1
        order by due_at limit 1) as at
       from generate_series(0, $2::integer - 1) as p`,
      [Math.ceil(dueAt), this.#partitions],
    )
    const times = rows.map(({ at }) => (at === null ? Number.NaN : Number(at)))
    const last = Math.max(...times)
    return Number.isNaN(last) ? undefined : last
  }

  async delays(dueFrom: number, dueUntil: number): Promise<Delays | undefined> {
    const [row] = await this.#postgres.query<Delays & { n: number }>(
      `select count(*)::integer as n, ${DELAYS} from click_log where due_at between $1 and $2`,
      [Math.round(dueFrom), Math.round(dueUntil)],
    )
    if (row === undefined || row.n === 0) return undefined
    const { n: _, ...delays } = row
    return delays
  }

  /** Of each second from `startedAt` on. */
  async series(startedAt: number): Promise<readonly Second[]> {
    const start = Math.round(startedAt)
    const due = await this.#postgres.query<DueSecond>(
      `select floor((due_at - $1) / 1000.0)::integer as second, count(*)::integer as due, ${DELAYS}
       from click_log where due_at >= $1 group by 1`,
      [start],
    )
    const committed = await this.#postgres.query<{ second: number; committed: number }>(
      `select floor((committed_at - $1) / 1000.0)::integer as second, count(*)::integer as committed
       from click_log where committed_at >= $1 group by 1`,
      [start],
    )
    const dueIn = new Map(due.map((row) => [row.second, row]))
    const committedIn = new Map(committed.map((row) => [row.second, row.committed]))
    const seconds = Math.max(-1, ...dueIn.keys(), ...committedIn.keys()) + 1
    return Array.from({ length: seconds }, (_, second) => {
      const row = dueIn.get(second)
      return {
        second,
        due: row?.due ?? 0,
        delays: row && { p50Ms: row.p50Ms, p99Ms: row.p99Ms, maxMs: row.maxMs },
        committed: committedIn.get(second) ?? 0,
      }
    })
  }
}
