/**
 * A million clicks of ten thousand users, made up, and counted as `click-count.ts` counts them: what `npm run demo`
 * runs, and crashes, and compares with `expectedCounts`.
 *
 *     RETAKE_SECRET_DATABASE=postgres://me:secret@localhost/shop npm run retake -- dev examples/demo-clicks.ts
 */
import { generator, job, type Random, secret } from 'retake'
import { postgres } from 'retake/postgres'
import * as v from 'valibot'
import type { Click } from './click.js'

const USERS = 10_000
const PAGES = ['/', '/search', '/cart', '/checkout', '/help']
const FIRST_CLICK = Date.UTC(2025, 0, 1)

/** The click with the number `index`: always the same one for a seed, wherever it is made. */
export function clickAt(seed: number, index: number): Click {
  const random = generator.randomAt(seed, index)
  // A few users click a lot: the first hundred of them as often as the last five thousand.
  const user = Math.floor(USERS * random.next() ** 3)
  return {
    userId: `user-${String(user).padStart(4, '0')}`,
    url: PAGES[Math.floor(PAGES.length * random.next())] ?? '/',
    ts: FIRST_CLICK + index,
    loggedIn: random.next() < 0.9,
  }
}

/** What the table must hold after the first `count` clicks: for each user, the clicks while logged in. */
export function expectedCounts(count: number, seed: number): Map<string, number> {
  const counts = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const { userId, loggedIn } = clickAt(seed, index)
    if (loggedIn) counts.set(userId, (counts.get(userId) ?? 0) + 1)
  }
  return counts
}

const NumberText = v.pipe(v.string(), v.toNumber())

const Params = v.object({
  /** `postgres://user:password@host:port/name`; without it, the secret `database` is used. */
  database: v.optional(v.string()),
  table: v.optional(v.string(), 'click_counts'),
  count: v.optional(NumberText, '1000000'),
  /** Clicks a second; as fast as they are counted unless said. */
  rate: v.optional(NumberText),
  seed: v.optional(NumberText, '1'),
})

export default job('demo-clicks', { params: Params, checkpoint: { interval: '2s' } }, (flow) => {
  const { database, table, count, rate, seed } = flow.params
  const make = (_: Random, index: number) => clickAt(seed, index)
  flow
    .from('clicks', generator.source({ make, count, ratePerSecond: rate, seed }))
    .filter((click) => click.loggedIn)
    .map((click) => ({ userId: click.userId, clicks: 1 }))
    .keyBy((row) => row.userId)
    .sum('count', 'clicks')
    .to(
      'table',
      postgres.sink({
        database: database ?? secret('database'),
        table,
        key: ['user_id'],
        columns: {
          user_id: { from: 'userId', type: 'text' },
          clicks: { from: 'clicks', type: 'bigint' },
        },
        createTable: true,
      }),
    )
})
