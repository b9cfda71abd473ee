import { afterEach, describe, expect, test } from 'vitest'
import { discard, type Job, job, type Key, type KeyedStream, RetakeError } from '#src/api/index.js'
import type { CheckpointId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { clicks } from '../graph/click-count.js'
import { RunningChain } from './running-chain.js'

interface Row {
  readonly user: string
  readonly n: number
  readonly tag: string
}

type Keyed<R = Row> = KeyedStream<Key, R>

const USUAL = { ...LIMITS }
const limits = LIMITS as { -readonly [Name in keyof typeof LIMITS]: unknown }
afterEach(() => void Object.assign(limits, USUAL))

describe('what is sent', () => {
  const rows = [row('a', 3, 'first'), row('b', 1, 'second'), row('a', 2, 'third'), row('a', 4, 'fourth')]

  test.each([
    ['sum', 9],
    ['min', 2],
    ['max', 4],
  ] as const)(
    'when %s combines, then of each key goes the first row, with its field combined',
    async (kind, n) => {
      const sender = await sending((s) => s[kind]('op', 'n', { combine: 20 }), rows)
      expect(sender.emitted).toEqual([[]])
      sender.chain.finish()
      expect(sender.emitted).toEqual([[row('a', n, 'first'), row('b', 1, 'second')]])
    },
  )

  test('when records are counted, then of each key goes its count', async () => {
    const sender = await sending((s) => s.count('op', { combine: 20 }), rows)
    sender.chain.finish()
    expect(sender.emitted).toEqual([
      [
        { key: 'a', count: 3 },
        { key: 'b', count: 1 },
      ],
    ])
  })

  test('when a reduce returns what it was given, and changes what it holds, then no record is changed', async () => {
    const lists = [list('a', 'x'), list('a', 'y'), list('a', 'z'), list('b', 'p'), list('b', 'q')]
    const sender = await sending<List>(
      (s) =>
        s.reduce(
          'op',
          (held, record) => {
            if (held.tags[0] === 'x') return { user: held.user, tags: record.tags }
            held.tags.push(...record.tags)
            return held
          },
          { combine: 20 },
        ),
      lists,
    )
    sender.chain.finish()
    expect(sender.emitted).toEqual([[list('a', 'y', 'z'), list('b', 'p', 'q')]])
    expect(lists.map(({ tags }) => tags.join())).toEqual(['x', 'y', 'z', 'p', 'q'])
  })

  test('when keys are tuples, then equal ones are one key', async () => {
    const sender = await sending(
      (s) => s.count('op', { combine: 20 }),
      [row('a', 1), row('a', 2), row('a', 1)],
      ({ user, n }) => [user, n],
    )
    sender.chain.finish()
    expect(sender.emitted).toEqual([
      [
        { key: ['a', 1], count: 2 },
        { key: ['a', 2], count: 1 },
      ],
    ])
  })

  test.each([
    ['sum', (s: Keyed) => s.sum('op', 'n'), (s: Keyed) => s.sum('op', 'n', { combine: 20 })],
    ['min', (s: Keyed) => s.min('op', 'n'), (s: Keyed) => s.min('op', 'n', { combine: 20 })],
    ['max', (s: Keyed) => s.max('op', 'n'), (s: Keyed) => s.max('op', 'n', { combine: 20 })],
    ['count', (s: Keyed) => s.count('op'), (s: Keyed) => s.count('op', { combine: 20 })],
    ['reduce', (s: Keyed) => s.reduce('op', joined), (s: Keyed) => s.reduce('op', joined, { combine: 20 })],
  ])('when %s combines, then what comes out last is what comes out without', async (_, plain, combining) => {
    const last = async (build: (stream: Keyed) => never) => {
      const sender = await sending(build, rows)
      sender.chain.finish()
      const receiver = await RunningChain.opened(keyedJob(build), { vertex: 1 })
      receiver.process(...(sender.emitted[0] ?? []))
      const results = receiver.written['out'] ?? []
      const userOf = (result: unknown) =>
        (result as { user?: string; key?: string }).user ?? (result as { key: string }).key
      return { last: new Map(results.map((result) => [userOf(result), result])), count: results.length }
    }
    const [one, other] = [await last(plain as never), await last(combining as never)]
    expect(other.last).toEqual(one.last)
    expect([one.count, other.count]).toEqual([4, 2])
  })
})

describe('when it is sent', () => {
  const summing = (combine: number) => (s: Keyed) => s.sum('op', 'n', { combine })

  test('when the oldest has been held for the latency, then all goes, and not before', async () => {
    const sender = await sending(summing(20), [row('a', 1)])
    const { chain, clock } = sender
    await clock.advance(15)
    sender.polls.push([row('a', 1), row('b', 1)])
    chain.poll()
    expect(chain.nextTimerAt()).toBe(clock.wallTime() + 5)
    expect(chain.fireTimers(clock.wallTime())).toBe(false)
    expect(sender.emitted).toEqual([[]])

    await clock.advance(5)
    expect(chain.fireTimers(clock.wallTime())).toBe(false)
    expect(sender.emitted).toEqual([[row('a', 2), row('b', 1)]])
    expect(chain.nextTimerAt()).toBeUndefined()

    await clock.advance(3)
    sender.polls.push([row('a', 5)])
    chain.poll()
    expect(chain.nextTimerAt()).toBe(clock.wallTime() + 20)
  })

  test('when less than a millisecond is left, then the wait is one, and never none', async () => {
    const { chain, clock } = await sending(summing(20), [row('a', 1)])
    await clock.advance(19.9999)
    expect(chain.fireTimers(clock.wallTime())).toBe(false)
    expect(chain.nextTimerAt()).toBe(clock.wallTime() + 1)
  })

  test('when the wall clock goes back, then nothing is held longer', async () => {
    const sender = await sending(summing(20), [row('a', 1)])
    await sender.clock.advance(20)
    sender.chain.fireTimers(sender.clock.wallTime() - 3_600_000)
    expect(sender.emitted).toEqual([[row('a', 1)]])
  })

  test('when a barrier comes, then all goes ahead of it, and the snapshot holds nothing', async () => {
    const sender = await sending(summing(20), [row('a', 1), row('a', 2)])
    const snapshot = await sender.snapshot(7)
    expect(sender.emitted).toEqual([[row('a', 3)]])
    const { operators } = snapshot
    expect(operators.find(({ operator }) => operator === 'op.combine')).toEqual({
      operator: 'op.combine',
      subtask: 0,
    })

    sender.chain.capture(8 as CheckpointId, sender.blobs)
    sender.chain.finish()
    expect(sender.emitted).toEqual([[row('a', 3)]])
  })

  test('when it holds so many keys as it may, then all goes', async () => {
    limits.combinedKeys = 3
    const sender = await sending(summing(20), [row('a', 1), row('b', 1), row('a', 1)])
    expect(sender.emitted).toEqual([[]])
    sender.polls.push([row('c', 1)])
    sender.chain.poll()
    expect(sender.emitted).toEqual([[row('a', 2), row('b', 1), row('c', 1)]])
    expect(sender.chain.nextTimerAt()).toBeUndefined()
  })

  test('when records are large, then fewer keys are held', async () => {
    limits.combinedBytes = 3_000
    const sender = await sending(summing(20), [row('a', 1, 'x'.repeat(1_000)), row('a', 1), row('a', 1)])
    expect(sender.emitted).toEqual([[]])
    sender.polls.push([row('b', 1, 'x'.repeat(1_000))], [row('c', 1, 'x'.repeat(1_000))])
    sender.chain.poll()
    sender.chain.poll()
    expect(sender.emitted[0]?.map((sent) => (sent as Row).user)).toEqual(['a', 'b', 'c'])
  })
})

describe('what cannot be combined', () => {
  test.each([
    ['the first', [row('a', '3' as never)]],
    ['a further one', [row('a', 1), row('a', '3' as never)]],
  ])('when the field of %s is no number, then the error names operator, line and record', async (_, rows) => {
    const error = await refusal((s) => s.sum('op', 'n', { combine: 20 }), rows)
    expect(error).toMatchObject({
      code: 'RT1602',
      what: 'the field "n" of "op.combine" is string, not a number',
    })
    expect(error.where).toMatch(/combine\.test\.ts:\d+$/)
    expect(error.why).toContain('"n":"3"')
  })

  test('when number and bigint meet, then it is an error', async () => {
    const error = await refusal(
      (s) => s.sum('op', 'n', { combine: 20 }),
      [row('a', 1), row('a', 1n as never)],
    )
    expect(error).toMatchObject({
      code: 'RT1602',
      what: 'the field "n" of "op.combine" was a number before',
    })
  })

  test('when a reduce throws, then the error names it and the record', async () => {
    const error = await refusal(
      (s) =>
        s.reduce(
          'op',
          () => {
            throw new RangeError('boom')
          },
          { combine: 20 },
        ),
      [row('a', 1), row('a', 2)],
    )
    expect(error).toMatchObject({ code: 'RT1601', what: 'the function of "op.combine" threw' })
    expect(error.why).toContain('"n":2')
  })

  test('when keys of two types meet, then it is an error', async () => {
    const error = await refusal((s) => s.count('op', { combine: 20 }), [row('a', 1), row(7 as never, 1)])
    expect(error.code).toBe('RT1611')
  })

  test('when the key is read from what is combined, then nothing goes to another key', async () => {
    const error = await refusal(
      (s) => s.sum('op', 'n', { combine: 20 }),
      [row('a', 1), row('b', 1)],
      ({ n }) => n,
    )
    expect(error).toMatchObject({
      code: 'RT1617',
      what: '"op.combine" combined the records of the key 1 into one of another key',
    })
    expect(error.why).toContain('"n":2')
    expect(error.where).toMatch(/combine\.test\.ts:\d+$/)
  })

  test('when the key is read from what is counted, then it is that of the records', async () => {
    const sender = await sending(
      (s) => s.count('op', { combine: 20 }),
      [row('a', 1), row('b', 1)],
      ({ n }) => n,
    )
    sender.chain.finish()
    expect(sender.emitted).toEqual([[{ key: 1, count: 2 }]])
  })
})

interface List {
  readonly user: string
  readonly tags: string[]
}

/** The sender of `build`, which has polled `rows`. */
async function sending<R = Row>(
  build: (stream: Keyed<R>) => unknown,
  rows: readonly R[],
  keyOf?: (row: R) => Key,
): Promise<RunningChain> {
  const sender = await RunningChain.opened(keyedJob(build, keyOf))
  sender.polls.push([...rows])
  sender.chain.poll()
  return sender
}

function keyedJob<R = Row>(build: (stream: Keyed<R>) => unknown, keyOf?: (row: R) => Key): Job {
  return job('combined', (flow) => {
    const rows = flow.from('rows', clicks).map((each) => each as unknown as R)
    const keyed = rows.keyBy(keyOf ?? ((each) => (each as Row).user))
    ;(build(keyed as Keyed<R>) as ReturnType<Keyed['count']>).to('out', discard())
  })
}

async function refusal(
  build: (stream: Keyed) => unknown,
  rows: readonly Row[],
  keyOf?: (row: Row) => Key,
): Promise<RetakeError> {
  try {
    const sender = await sending(build, rows, keyOf)
    sender.chain.finish()
  } catch (error) {
    if (error instanceof RetakeError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** Associative, and tells its order. */
function joined(held: Row, { n, tag }: Row): Row {
  return { ...held, n: held.n + n, tag: `${held.tag} ${tag}` }
}

function row(user: string, n: number, tag = ''): Row {
  return { user, n, tag }
}

function list(user: string, ...tags: string[]): List {
  return { user, tags }
}
