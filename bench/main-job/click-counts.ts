import type { PostgresServer } from '../../test/support/postgres-server.js'
import type { Ledger } from '../suite/sample.js'
import { userName } from './clicks.js'

type Database = Pick<PostgresServer, 'query'>

/** The table of one contender: a row a user, his clicks while logged in. */
export class ClickCounts {
  readonly table: string
  readonly #postgres: Database

  constructor(postgres: Database, table: string) {
    this.#postgres = postgres
    this.table = table
  }

  /** Makes it anew, and has the server write down what earlier rounds left in its memory. */
  async begin(): Promise<void> {
    // One that was killed between the two phases of a commit has left its rows locked.
    for (const { gid } of await this.#postgres.query<{ gid: string }>('select gid from pg_prepared_xacts')) {
      await this.#postgres.query(`rollback prepared '${gid}'`)
    }
    await this.#postgres.query(`drop table if exists ${this.table}`)
    await this.#postgres.query(`create table ${this.table} (user_id text primary key, clicks bigint)`)
    await this.#postgres.query('checkpoint')
  }

  /** Holds it against the clicks of each user by formula. Throws unless every row is exact. */
  async audit(expected: Int32Array): Promise<Ledger> {
    const rows = await this.#postgres.query<{ user_id: string; clicks: string }>(
      `select * from ${this.table}`,
    )
    const found = new Map(rows.map(({ user_id, clicks }) => [user_id, Number(clicks)]))
    let [produced, accounted, lost, duplicated] = [0, 0, 0, 0]
    expected.forEach((clicks, user) => {
      const counted = found.get(userName(user)) ?? 0
      found.delete(userName(user))
      produced += clicks
      accounted += counted
      lost += Math.max(0, clicks - counted)
      duplicated += Math.max(0, counted - clicks)
    })
    if (lost > 0 || duplicated > 0 || found.size > 0) {
      throw new Error(
        `${this.table}: ${lost} clicks lost, ${duplicated} counted twice, ${found.size} users unknown`,
      )
    }
    return { produced, accounted, lost, duplicated }
  }
}
