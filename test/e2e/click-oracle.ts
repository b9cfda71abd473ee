import { consumeEach } from '../support/kcat.js'
import type { PostgresServer } from '../support/postgres-server.js'

/** What PostgreSQL must hold, counted from the topic by another client than ours. */
export class ClickOracle {
  readonly counts = new Map<string, number>()
  /** `partition/offset/user/url` of each click that is logged in. */
  readonly log = new Set<string>()

  static async of(bootstrap: string, topic: string): Promise<ClickOracle> {
    const oracle = new ClickOracle()
    await consumeEach(bootstrap, topic, ({ partition, offset, payload }) => {
      const click = JSON.parse(payload ?? '') as { userId: string; url: string; loggedIn: boolean }
      if (!click.loggedIn) return
      oracle.counts.set(click.userId, (oracle.counts.get(click.userId) ?? 0) + 1)
      oracle.log.add(logKey(partition, offset, click.userId, click.url))
    })
    return oracle
  }

  /** Every difference between a table of sums and the truth; none if it is exact. */
  async faultsOfCounts(postgres: PostgresServer, table: string): Promise<string[]> {
    const rows = await postgres.query<{ user_id: string; clicks: string }>(
      `select user_id, clicks from ${table}`,
    )
    const found = new Map(rows.map(({ user_id, clicks }) => [user_id, Number(clicks)]))
    const users = new Set([...found.keys(), ...this.counts.keys()])
    return [...users].flatMap((user) => {
      const [is, should] = [found.get(user) ?? 0, this.counts.get(user) ?? 0]
      return is === should ? [] : [`${table}: ${user} has ${is} clicks and should have ${should}`]
    })
  }

  /** Rows that are missing, foreign, or there more than once. */
  async compareLog(
    postgres: PostgresServer,
    table: string,
  ): Promise<{ missing: number; foreign: number; repeated: number }> {
    const rows = await postgres.query<{
      kafka_partition: number
      kafka_offset: string
      user_id: string
      url: string
      n: string
    }>(`select kafka_partition, kafka_offset, user_id, url, count(*) as n from ${table} group by 1, 2, 3, 4`)
    let [foreign, repeated, known] = [0, 0, 0]
    for (const { kafka_partition, kafka_offset, user_id, url, n } of rows) {
      if (this.log.has(logKey(kafka_partition, Number(kafka_offset), user_id, url))) known++
      else foreign++
      repeated += Number(n) - 1
    }
    return { missing: this.log.size - known, foreign, repeated }
  }
}

function logKey(partition: number, offset: number, userId: string, url: string): string {
  return `${partition}/${offset}/${userId}/${url}`
}
