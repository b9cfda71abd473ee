import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seededRandom } from '#src/kit/random.js'
import { readCollected } from '#src/testing/read-collected.js'
import { Cast, Followed, published } from './cast.js'
import { KEYS, type Numbered } from './jobs/numbers.js'

const COUNT = 2_400
const IDS = Array.from({ length: 2 * COUNT }, (_, id) => id)

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

/** Runs a job to its end while the threads of slots are ended at moments that `seed` chooses. */
async function crashing(
  name: string,
  options: { seed: number; parallelism: number; crashes: number; chaining?: string },
): Promise<Followed> {
  const { seed, parallelism, crashes, chaining = 'always' } = options
  const random = seededRandom(seed)
  const node = await cast.node()
  const job = new Followed(
    await node.submit(cast.submission(name, { count: COUNT, rate: 1_000, chaining }, { parallelism })),
  )
  await job.running()
  for (let crash = 0; crash < crashes; crash++) {
    // In the middle of a checkpoint, or just after one.
    const state = random.next() < 0.5 ? 'opening' : 'completed'
    await job.next('checkpoint', ({ record }) => record.state === state)
    const again = job.running()
    expect(await node.crashSlot()).toBe(true)
    await again
  }
  const end = await job.job.ended
  expect([end.outcome, end.error]).toEqual(['finished', undefined])
  expect(job.attempts()).toBe(crashes + 1)
  return job
}

describe('exactly once', () => {
  test.each([
    { parallelism: 1, crashes: 3, seed: 1, chaining: 'always' },
    { parallelism: 2, crashes: 3, seed: 2, chaining: 'always' },
    { parallelism: 4, crashes: 2, seed: 3, chaining: 'always' },
    { parallelism: 2, crashes: 2, seed: 4, chaining: 'never' },
  ])(
    'when slots crash ($parallelism subtasks, chaining $chaining), then every record counts once',
    async (options) => {
      await crashing('shapes-exactly-once', options)
      expectExactly(cast.path('output'), options.parallelism)
    },
  )
})

test('when slots crash under at-least-once checkpoints, then nothing is lost', async () => {
  await crashing('shapes-at-least-once', { parallelism: 2, crashes: 3, seed: 5 })
  const collected = (name: string) => readCollected<Numbered>(cast.path('output', `${name}.jsonl`))
  const plain = await collected('plain')
  expect(unique(plain.map(({ id }) => id))).toEqual(IDS)
  expect(plain.length).toBeGreaterThan(IDS.length)
  expect(unique((await collected('copied')).map(({ id }) => id))).toEqual(IDS)
  const counted = await readCollected<Count>(cast.path('output', 'counted.jsonl'))
  for (const [key, counts] of byKey(counted)) {
    expect(Math.max(...counts)).toBeGreaterThanOrEqual(expectedCounts().get(key) ?? Number.NaN)
  }
})

interface Count {
  readonly key: string
  readonly count: number
}

function expectExactly(output: string, parallelism: number): void {
  const plain = published<Numbered>(`${output}/plain`)
  expect(sorted(plain.map(({ id }) => id))).toEqual(IDS)
  const copied = published<{ id: number }>(`${output}/copied`)
  expect(sorted(copied.map(({ id }) => id))).toEqual(IDS.flatMap((id) => Array(parallelism).fill(id)))
  const counted = byKey(published<Count>(`${output}/counted`))
  const expected = [...expectedCounts()].map(([key, count]) => [key, oneTo(count)] as const)
  expect(counted).toEqual(new Map(expected))
}

function expectedCounts(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const id of IDS) {
    if (id % 2 !== 0) continue
    const key = `k${id % KEYS}`
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

function byKey(counted: readonly Count[]): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const { key, count } of counted) counts.set(key, [...(counts.get(key) ?? []), count])
  for (const all of counts.values()) all.sort((a, b) => a - b)
  return counts
}

const sorted = (ids: readonly number[]): number[] => [...ids].sort((a, b) => a - b)
const unique = (ids: readonly number[]): number[] => sorted([...new Set(ids)])
const oneTo = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1)
