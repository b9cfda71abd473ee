import { describe, expect, test } from 'vitest'
import type { KeyedStream } from '#src/api/index.js'
import { discard, type Job, job, of, RetakeError, type Stream, state } from '#src/api/index.js'
import { type Click, clicks } from '../graph/click-count.js'
import { RunningChain, restoredFrom } from './running-chain.js'

describe('stateless', () => {
  test('when records are mapped, then each becomes one', async () => {
    expect(
      await through((s) => s.map((click) => click.url.length), [click('a'), click('b', '/long')]),
    ).toEqual([1, 5])
  })

  test('when records are filtered, then those stay that are kept', async () => {
    expect(await through((s) => s.filter((c) => c.userId === 'b'), [click('a'), click('b')])).toEqual([
      click('b'),
    ])
  })

  test('when records are expanded, then any iterable will do', async () => {
    function* twice(c: Click) {
      yield c.userId
      yield c.userId
    }
    expect(await through((s) => s.flatMap(twice), [click('a'), click('b')])).toEqual(['a', 'a', 'b', 'b'])
    expect(await through((s) => s.flatMap(() => []), [click('a')])).toEqual([])
  })

  test('when far more is expanded than a batch, then all of it arrives in order', async () => {
    const expanded = await through(
      (s) => s.flatMap(() => Array.from({ length: 5_000 }, (_, i) => i)),
      [click('a')],
    )
    expect(expanded).toEqual(Array.from({ length: 5_000 }, (_, i) => i))
  })
})

describe('rolling', () => {
  const rows = [
    { user: 'a', n: 3, tag: 'first' },
    { user: 'b', n: 1, tag: 'second' },
    { user: 'a', n: 2, tag: 'third' },
  ]

  test.each([
    ['sum', [3, 1, 5]],
    ['min', [3, 1, 2]],
    ['max', [3, 1, 3]],
  ] as const)(
    'when %s rolls over a field, then the other fields are those of the first record',
    async (kind, expected) => {
      const rolled = await throughKeyed((s) => s[kind]('op', 'n'), rows)
      expect(rolled.map(({ n }) => n)).toEqual(expected)
      expect(rolled.map(({ tag }) => tag)).toEqual(['first', 'second', 'first'])
    },
  )

  test('when bigints are summed, then they stay bigints', async () => {
    const summed = await throughKeyed(
      (s) => s.sum('op', 'n'),
      [
        { user: 'a', n: 2n ** 60n },
        { user: 'a', n: 1n },
      ],
    )
    expect(summed.at(-1)).toEqual({ user: 'a', n: 2n ** 60n + 1n })
  })

  test('when what was emitted is changed, then the sum goes on as if it was not', async () => {
    const running = await RunningChain.opened(
      keyedJob<{ user: string; n: number; in: { deep: number } }>((s) =>
        s.sum('op', 'n').map((row) => ({ row })),
      ),
      { vertex: 1 },
    )
    running.process({ user: 'a', n: 1, in: { deep: 1 } }, { user: 'a', n: 1, in: { deep: 2 } })
    const [first, second] = running.written['out'] as { row: { in: object } }[]
    expect(first?.row).not.toBe(second?.row)
    expect(first?.row.in).not.toBe(second?.row.in)
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['1', 'string'],
  ])(
    'when a field to be summed up is %j, then the error names operator, field and record',
    async (n, type) => {
      const running = await RunningChain.opened(
        keyedJob<{ user: string; n: number }>((s) => s.sum('total', 'n')),
        { vertex: 1 },
      )
      expect(() => running.process({ user: 'a', n })).toThrow(
        expect.objectContaining({
          code: 'RT1602',
          what: `the field "n" of "total" is ${type}, not a number`,
        }),
      )
    },
  )

  test('when number and bigint meet in one sum, then it is an error', async () => {
    const running = await RunningChain.opened(
      keyedJob<{ user: string; n: number }>((s) => s.sum('total', 'n')),
      { vertex: 1 },
    )
    expect(() => running.process({ user: 'a', n: 1 }, { user: 'a', n: 1n })).toThrow(
      expect.objectContaining({ code: 'RT1602' }),
    )
  })

  test.each([
    ['a row', { user: 'a', in: 1, n: 1, m: 2 }],
    ['a row that is not flat', { user: 'a', in: [1], n: 1, m: 2 }],
  ])('when %s is restored to a sum over a field that it lacks, then it is an error', async (_, record) => {
    const summing = (field: 'n' | 'm') =>
      keyedJob<{ user: string; n: number; m: number }>((s) => s.sum('total', field))
    const before = await RunningChain.opened(summing('n'), { vertex: 1 })
    before.process({ user: record.user, in: record.in, n: record.n })
    const { blobs } = before
    const restored = restoredFrom(await before.snapshot(1))
    const after = await RunningChain.opened(summing('m'), { vertex: 1, restored, blobs })
    expect(() => after.process(record)).toThrow(
      expect.objectContaining({ code: 'RT1602', what: 'the field "m" of "total" was missing before' }),
    )
  })

  test('when records are counted, then each key has its own count', async () => {
    expect(await throughKeyed((s) => s.count('op'), rows)).toEqual([
      { key: 'a', count: 1 },
      { key: 'b', count: 1 },
      { key: 'a', count: 2 },
    ])
  })

  test('when a reduce changes what it holds in place, then earlier results stay as they were', async () => {
    const reduced = await throughKeyed(
      (s) =>
        s.reduce('op', (held, record) => {
          held.tags.push(...record.tags)
          return held
        }),
      [
        { user: 'a', tags: ['x'] },
        { user: 'a', tags: ['y'] },
        { user: 'a', tags: ['z'] },
      ],
    )
    expect(reduced.map(({ tags }) => tags.join(''))).toEqual(['x', 'xy', 'xyz'])
  })
})

describe('process', () => {
  const bounces = keyedJob<{ user: string; page: string }>((s) =>
    s.process('bounce', {
      emits: of<{ user: string; pages: string[]; why: string }>(),
      state: { pages: state.value([] as string[]), seen: state.value(0) },
      onRecord(row, ctx, emit) {
        if (ctx.state.seen.get() === 0) ctx.timers.in('1m', 'idle')
        ctx.state.seen.update((seen) => seen + 1)
        const pages = ctx.state.pages.get()
        pages.push(row.page)
        ctx.state.pages.set(pages)
        if (pages.length === 3) emit({ user: ctx.key, pages: [...pages], why: 'many' })
      },
      onTimer(timer, ctx, emit) {
        emit({ user: ctx.key, pages: [...ctx.state.pages.get()], why: timer.tag ?? '' })
        ctx.state.pages.clear()
        ctx.state.seen.clear()
      },
    }),
  )

  test('when a key has its state, then another one begins with a copy of the initial value', async () => {
    const running = await RunningChain.opened(bounces, { vertex: 1 })
    running.process(visit('a', 1), visit('a', 2), visit('b', 9), visit('a', 3))
    expect(running.written['out']).toEqual([{ user: 'a', pages: ['1', '2', '3'], why: 'many' }])
  })

  test('when a timer is due, then it fires under its key, and not before', async () => {
    const running = await RunningChain.opened(bounces, { vertex: 1 })
    const start = running.clock.wallTime()
    running.process(visit('a', 1), visit('b', 2))

    expect(running.chain.nextTimerAt()).toBe(start + 60_000)
    expect(running.chain.fireTimers(start + 59_999)).toBe(false)
    expect(running.written['out']).toEqual([])

    running.chain.fireTimers(start + 60_000)
    expect(running.written['out']).toEqual([
      { user: 'a', pages: ['1'], why: 'idle' },
      { user: 'b', pages: ['2'], why: 'idle' },
    ])
    expect(running.chain.nextTimerAt()).toBeUndefined()
  })

  test('when more timers are due than a batch, then they fire over several calls', async () => {
    const running = await RunningChain.opened(bounces, { vertex: 1 })
    for (let i = 0; i < 1_500; i++) running.process(visit(`user-${i}`, 1))
    const due = running.clock.wallTime() + 60_000

    expect(running.chain.fireTimers(due)).toBe(true)
    expect(running.written['out']).toHaveLength(1_024)
    expect(running.chain.fireTimers(due)).toBe(false)
    expect(running.written['out']).toHaveLength(1_500)
  })

  test('when state and timers are restored, then they go on as if nothing had been', async () => {
    const before = await RunningChain.opened(bounces, { vertex: 1 })
    before.process(visit('a', 1), visit('a', 2))
    const snapshot = await before.snapshot(1)
    before.process(visit('a', 99))

    const { blobs } = before
    const after = await RunningChain.opened(bounces, { vertex: 1, restored: restoredFrom(snapshot), blobs })
    expect(after.chain.nextTimerAt()).toBe(before.chain.nextTimerAt())
    after.process(visit('a', 3))
    expect(after.written['out']).toEqual([{ user: 'a', pages: ['1', '2', '3'], why: 'many' }])
  })

  test('when a process yields, then what it yields is emitted', async () => {
    const yielding = await throughKeyed(
      (s) =>
        s.process('op', {
          state: { n: state.value(0) },
          *onRecord(row, ctx) {
            ctx.state.n.set(ctx.state.n.get() + row.n)
            yield ctx.state.n.get()
          },
        }),
      [
        { user: 'a', n: 1 },
        { user: 'a', n: 2 },
      ],
    )
    expect(yielding).toEqual([1, 3])
  })

  test('when input has ended, then timers that wait are dropped', async () => {
    const running = await RunningChain.opened(bounces, { vertex: 1 })
    running.process(visit('a', 1))
    running.chain.finish()
    expect(running.chain.nextTimerAt()).toBeUndefined()
    expect(running.chain.fireTimers(running.clock.wallTime() + 100_000)).toBe(false)
  })
})

describe('user code that throws', () => {
  const PLACES: readonly [string, (s: Stream<Click>) => Stream<unknown>][] = [
    ['map-1', (s) => s.map(() => boom())],
    ['filter-1', (s) => s.filter(() => boom())],
    ['flat-map-1', (s) => s.flatMap(() => boom())],
    [
      'flat-map-1',
      (s) =>
        s.flatMap(function* () {
          yield 1
          boom()
        }),
    ],
  ]

  test.each(PLACES)('when %s throws, then the error names it, its line and the record', async (id, build) => {
    const running = await RunningChain.opened(jobOf(build))
    running.polls.push([click('ann')])
    const error = thrown(() => running.chain.poll())
    expect(error).toMatchObject({ code: 'RT1601', what: `the function of "${id}" threw` })
    expect(error.why).toContain('RangeError: boom')
    expect(error.why).toContain('"userId":"ann"')
    expect(error.where).toMatch(/operators\.test\.ts:\d+$/)
    expect(error.cause).toBeInstanceOf(RangeError)
  })

  test('when a later operator throws inside the call of an earlier one, then the later one is named', async () => {
    const running = await RunningChain.opened(
      jobOf((s) => s.flatMap((c) => Array(3_000).fill(c)).map(() => boom(), { id: 'late' })),
    )
    running.polls.push([click('ann')])
    expect(thrown(() => running.chain.poll()).what).toBe('the function of "late" threw')
  })

  const later = (c: Click) => Promise.resolve(c) as never
  test.each([
    ['map', (s: Stream<Click>) => s.map(later)],
    ['filter', (s: Stream<Click>) => s.filter(later)],
    ['flatMap', (s: Stream<Click>) => s.flatMap(later)],
  ])('when the function of a %s returns a promise, then it is told so, once it has run', async (_, build) => {
    const running = await RunningChain.opened(jobOf(build))
    running.polls.push([click('ann')])
    expect(thrown(() => running.chain.poll()).code).toBe('RT1603')
  })

  test.each([5, undefined, null, {}])('when a flatMap returns %j, then it is told so', async (expanded) => {
    const running = await RunningChain.opened(jobOf((s) => s.flatMap(() => expanded as never)))
    running.polls.push([click('ann')])
    const error = thrown(() => running.chain.poll())
    expect(error.code).toBe('RT1601')
    expect(error.why).toContain(`TypeError: it returned ${JSON.stringify(expanded)}, which is no list`)
  })

  test('when a function throws what has no place of its own, then it is told with the line of the user', async () => {
    const running = await RunningChain.opened(
      keyedJob<{ user: string }>((s) =>
        s.process('soon', { onRecord: (_, ctx) => ctx.timers.in('soon' as never) }),
      ),
      { vertex: 1 },
    )
    const error = thrown(() => running.process({ user: 'ann' }))
    expect(error.code).toBe('RT1701')
    expect(error.where).toMatch(/operators\.test\.ts:\d+$/)
  })

  test('when the handler of a process is async, then it is told so, with its operator', async () => {
    const running = await RunningChain.opened(
      keyedJob<{ user: string }>((s) => s.process('late', { onRecord: (async () => {}) as never })),
      { vertex: 1 },
    )
    const error = thrown(() => running.process({ user: 'ann' }))
    expect([error.code, error.what]).toEqual(['RT1603', 'the function of "late" is asynchronous'])
    expect(error.where).toMatch(/operators\.test\.ts:\d+$/)
  })

  test('when the record is huge, then its sample is not', async () => {
    const running = await RunningChain.opened(jobOf((s) => s.map(() => boom())))
    running.polls.push([click('a'.repeat(1_000_000))])
    expect(thrown(() => running.chain.poll()).message.length).toBeLessThan(1_000)
  })

  test.each([
    ['NaN', Number.NaN],
    ['an object', { user: 'a' }],
    ['undefined', undefined],
    ['null', null],
    ['an empty tuple', []],
    ['a nested tuple', [['a']]],
  ])('when a key is %s, then the error says so and shows the record', async (_, key) => {
    const built = job('keys', (flow) =>
      flow
        .from('clicks', clicks)
        .map((c) => ({ user: c.userId, key }))
        .keyBy((row) => row.key as unknown as string)
        .count('n')
        .to('out', discard()),
    )
    const running = await RunningChain.opened(built, { vertex: 1 })
    const error = thrown(() => running.process({ user: 'ann', key }))
    expect(error.code).toBe('RT1610')
    expect(error.what).toContain('"user":"ann"')
    expect(error.where).toMatch(/operators\.test\.ts:\d+$/)
  })

  test('when keys of two types meet in one stream, then it is an error', async () => {
    const running = await RunningChain.opened(
      keyedJob<{ user: string }>((s) => s.count('n')),
      { vertex: 1 },
    )
    running.process({ user: 'ann' })
    expect(thrown(() => running.process({ user: 7 })).code).toBe('RT1611')
  })
})

function jobOf(build: (stream: Stream<Click>) => Stream<unknown>): Job {
  return job('operators', (flow) => build(flow.from('clicks', clicks)).to('out', discard()))
}

/** Its second vertex takes rows, by `user`. */
function keyedJob<Row extends { user: string }>(
  build: (stream: KeyedStream<string, Row>) => Stream<unknown>,
): Job {
  return job('keyed', (flow) =>
    build(
      flow
        .from('clicks', clicks)
        .map((c) => c as unknown as Row)
        .keyBy((row) => row.user),
    ).to('out', discard()),
  )
}

async function through<R>(
  build: (stream: Stream<Click>) => Stream<R>,
  records: readonly Click[],
): Promise<R[]> {
  const running = await RunningChain.opened(jobOf(build))
  running.polls.push([...records])
  running.chain.poll()
  return running.written['out'] as R[]
}

async function throughKeyed<Row extends { user: string }, R>(
  build: (stream: KeyedStream<string, Row>) => Stream<R>,
  records: readonly Row[],
): Promise<R[]> {
  const running = await RunningChain.opened(keyedJob<Row>(build), { vertex: 1 })
  running.process(...records)
  return running.written['out'] as R[]
}

function click(userId: string, url = '/'): Click {
  return { userId, url, loggedIn: true }
}

function visit(user: string, page: number) {
  return { user, page: String(page) }
}

function boom(): never {
  throw new RangeError('boom')
}

function thrown(run: () => unknown): RetakeError {
  try {
    run()
  } catch (error) {
    if (error instanceof RetakeError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
