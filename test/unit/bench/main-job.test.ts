import { expect, test } from 'vitest'
import { ClickCounts } from '../../../bench/main-job/click-counts.js'
import { clickJson, clicksPerUser, USERS, userName } from '../../../bench/main-job/clicks.js'
import { measuredRun, sampleOf } from '../../../bench/main-job/measured-run.js'
import type { RunLine } from '../../../bench/main-job/run-line.js'

const SECOND = 1_000

test('when clicks are counted by formula, then they are those that the topic holds', () => {
  const count = 200_000
  const counted = new Map<string, number>()
  for (let index = 0; index < count; index++) {
    const { userId, loggedIn } = JSON.parse(clickJson(index)) as { userId: string; loggedIn: boolean }
    if (loggedIn) counted.set(userId, (counted.get(userId) ?? 0) + 1)
  }
  const expected = clicksPerUser(count)
  expect(counted.size).toBe(USERS)
  for (let user = 0; user < USERS; user++) expect(expected[user]).toBe(counted.get(userName(user)) ?? 0)
})

test('when a table holds what the formula says, then its ledger accounts for every click', async () => {
  expect(await tableOf([2, 0, 1]).audit(Int32Array.of(2, 0, 1))).toEqual({
    produced: 3,
    accounted: 3,
    lost: 0,
    duplicated: 0,
  })
})

test('when a table lacks a click and counts another twice, then its ledger is refused though the sum is right', async () => {
  await expect(tableOf([1, 2]).audit(Int32Array.of(2, 1))).rejects.toThrow('1 clicks lost, 1 counted twice')
})

test('when a table has a user whom nobody produced, then its ledger is refused', async () => {
  await expect(tableOf([1, 1]).audit(Int32Array.of(1))).rejects.toThrow('1 users unknown')
})

test('when a run has ended, then its clock has run from the first record to the last commit', () => {
  const lines: RunLine[] = [
    { type: 'running', at: 3 * SECOND },
    { type: 'read', at: 4 * SECOND, clicks: 10 },
    { type: 'checkpoint', at: 4.5 * SECOND, seconds: 0.1 },
    { type: 'read', at: 5 * SECOND, clicks: 50 },
    { type: 'read', at: 6 * SECOND, clicks: 90 },
    { type: 'committed', at: 7 * SECOND },
  ]
  expect(sampleOf(lines, 100, 1 * SECOND)).toEqual({
    count: 100,
    seconds: 4,
    timeline: {
      windowSeconds: 1,
      rates: [10, 40, 40, 10],
      steady: [0, 4],
      events: [{ kind: 'checkpoint', at: 1.5, seconds: 0.1 }],
    },
    figures: { startUpSeconds: 2, secondHalfPerSecond: 25 },
  })
})

test('when a process ends before its last commit, then its run is an error with its last words', async () => {
  const program = `console.log('{"type":"running","at":1}'); console.error('no such topic'); process.exitCode = 1`
  await expect(measuredRun({ program: process.execPath, args: ['-e', program] }, 1)).rejects.toThrow(
    'no such topic',
  )
})

/** A table in which user 0, 1, … has so many clicks; a user without has no row. */
function tableOf(clicks: readonly number[]): ClickCounts {
  const rows = clicks.flatMap((count, user) =>
    count > 0 ? [{ user_id: userName(user), clicks: String(count) }] : [],
  )
  return new ClickCounts({ query: async () => rows as never }, 'clicks')
}
