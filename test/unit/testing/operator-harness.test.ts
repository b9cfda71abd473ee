import { beforeEach, describe, expect, test } from 'vitest'
import { of, operator, type ProcessContext, state, type Timer } from '#src/api/index.js'
import type { RetakeError } from '#src/kit/errors.js'
import { operatorHarness, type ProcessHarness, portHarness } from '#src/testing/index.js'

interface Visit {
  readonly user: string
  readonly page: string
}

interface Stay {
  readonly user: string
  readonly pages: readonly string[]
}

const kept = { pages: state.value([] as readonly string[]), visits: state.value(0) }
type Context = ProcessContext<string, typeof kept>

/** Pages of a user until there was none for ten seconds. */
const stays = {
  emits: of<Stay>(),
  state: kept,
  onRecord(visit: Visit, ctx: Context) {
    ctx.state.visits.update((visits) => visits + 1)
    ctx.state.pages.update((pages) => [...pages, visit.page])
    ctx.timers.in('10s', `${ctx.state.visits.get()}`)
  },
  onTimer(timer: Timer, ctx: Context, emit: (stay: Stay) => void) {
    if (timer.tag !== `${ctx.state.visits.get()}`) return
    emit({ user: ctx.key, pages: ctx.state.pages.get() })
    ctx.state.pages.clear()
  },
}
const definition = { key: (visit: Visit) => visit.user, process: stays }

describe('a process', () => {
  let harness: ProcessHarness<string, Visit, typeof kept, Stay>
  beforeEach(async () => {
    harness = await operatorHarness(definition)
  })

  test('when records come and time passes, then what is emitted can be taken once', () => {
    harness.receive({ user: 'a', page: '/' })
    harness.receive({ user: 'b', page: '/x' })
    harness.receive({ user: 'a', page: '/y' })
    expect(harness.takeEmitted()).toEqual([])

    harness.advance('10s')
    expect(harness.takeEmitted()).toEqual([
      { user: 'b', pages: ['/x'] },
      { user: 'a', pages: ['/', '/y'] },
    ])
    expect(harness.takeEmitted()).toEqual([])
  })

  test('when it yields, then what it yields is emitted', async () => {
    const yielding = await operatorHarness({
      key: (visit: Visit) => visit.user,
      process: {
        *onRecord(visit) {
          yield visit.page
          yield visit.page.length
        },
      },
    })
    yielding.receive({ user: 'a', page: '/x' })
    expect(yielding.takeEmitted()).toEqual(['/x', 2])
  })

  test('when keys have state, then each has its own, and a new one the initial value', () => {
    harness.receive({ user: 'a', page: '/' })
    harness.receive({ user: 'a', page: '/y' })
    harness.receive({ user: 'b', page: '/x' })
    expect(harness.state('a', 'pages')).toEqual(['/', '/y'])
    expect(harness.state('b', 'visits')).toBe(1)
    expect(harness.state('c', 'visits')).toBe(0)
    expect(harness.state('c', 'pages')).toEqual([])
  })

  test('when a state was set to null, then null is what is there', async () => {
    const nullable = await operatorHarness({
      key: (key: string) => key,
      process: {
        emits: of<never>(),
        state: { last: state.value('none' as string | null) },
        onRecord: (_, ctx) => ctx.state.last.set(null),
      },
    })
    nullable.receive('a')
    expect([nullable.state('a', 'last'), nullable.state('b', 'last')]).toEqual([null, 'none'])
  })

  test('when a test changes what it looked at, then the operator does not notice', () => {
    harness.receive({ user: 'a', page: '/' })
    const pages = harness.state('a', 'pages') as string[]
    pages.push('/not')
    expect(harness.state('a', 'pages')).toEqual(['/'])
  })

  test('when a key is looked at between two records, then the next record has its own key all the same', () => {
    harness.receive({ user: 'a', page: '/' })
    harness.state('b', 'visits')
    harness.timers('b')
    harness.advance('10s')
    expect(harness.takeEmitted()).toEqual([{ user: 'a', pages: ['/'] }])
  })

  test('when a state is looked at that is not described, then it is told which are', async () => {
    const looked = rejected(() => harness.state('a', 'visit' as 'visits'))
    expect(looked).toMatchObject({ code: 'RT1801', why: 'the operator describes pages, visits' })
    expect(looked.where).toMatch(/operator-harness\.test\.ts:\d+$/)
  })

  test('when a key is a tuple, then it is found again as one', async () => {
    const tuples = await operatorHarness({
      key: (visit: Visit) => [visit.user, visit.page],
      process: {
        emits: of<readonly [string, string]>(),
        state: { visits: state.value(0) },
        onRecord: (_, ctx, emit) => {
          ctx.state.visits.update((visits) => visits + 1)
          emit(ctx.key)
        },
      },
    })
    tuples.receive({ user: 'a', page: '/' })
    expect(tuples.state(['a', '/'], 'visits')).toBe(1)
    expect(tuples.takeEmitted()).toEqual([['a', '/']])
  })
})

describe('time', () => {
  /** Sets the timers it is told, and tells when they fire. */
  const alarms = {
    key: (alarm: { key: string; at?: number; in?: number }) => alarm.key,
    process: {
      emits: of<{ key: string; at: number; now: number }>(),
      onRecord(
        alarm: { key: string; at?: number; in?: number },
        ctx: ProcessContext<string, Record<string, never>>,
      ) {
        if (alarm.at !== undefined) ctx.timers.set(alarm.at)
        if (alarm.in !== undefined) ctx.timers.in(alarm.in)
      },
      onTimer(
        { at }: Timer,
        ctx: ProcessContext<string, Record<string, never>>,
        emit: (fired: { key: string; at: number; now: number }) => void,
      ) {
        if (ctx.key === 'at-once') return ctx.timers.in(0)
        if (ctx.key === 'every-2') ctx.timers.in(2)
        emit({ key: ctx.key, at, now: ctx.now() })
      },
    },
  }

  test('when timers are due, then they fire in the order of their times, each once and at its own', async () => {
    const harness = await operatorHarness(alarms, { now: 1_000 })
    harness.receive({ key: 'a', at: 1_030 })
    harness.receive({ key: 'b', at: 1_010 })
    harness.receive({ key: 'c', at: 1_020 })
    harness.receive({ key: 'c', at: 1_020 })
    harness.receive({ key: 'd', at: 1_020 })
    harness.receive({ key: 'late', at: 1_031 })

    harness.advance(30)
    expect(harness.takeEmitted()).toEqual([
      { key: 'b', at: 1_010, now: 1_010 },
      { key: 'c', at: 1_020, now: 1_020 },
      { key: 'd', at: 1_020, now: 1_020 },
      { key: 'a', at: 1_030, now: 1_030 },
    ])
    expect(harness.now()).toBe(1_030)
    expect(harness.timers('late')).toEqual([{ at: 1_031, tag: undefined }])
    harness.advance('1s')
    expect(harness.takeEmitted()).toHaveLength(1)
    harness.advance('1s')
    expect(harness.takeEmitted()).toEqual([])
  })

  test('when a timer sets the next one, then that fires on the way too', async () => {
    const harness = await operatorHarness(alarms, { now: 0 })
    harness.receive({ key: 'every-2', in: 2 })
    harness.receive({ key: 'once', at: 5 })
    harness.advanceTo(7)
    expect(harness.takeEmitted().map(({ now }) => now)).toEqual([2, 4, 5, 6])
  })

  test('when a timer is due already, then it fires at the next advance, even of zero', async () => {
    const harness = await operatorHarness(alarms, { now: 1_000 })
    harness.receive({ key: 'a', at: 400 })
    expect(harness.takeEmitted()).toEqual([])
    harness.advance(0)
    expect(harness.takeEmitted()).toEqual([{ key: 'a', at: 400, now: 1_000 }])
  })

  test('when a key has several timers, then they are shown by their times', async () => {
    // One key group, so that all keys are neighbours.
    const harness = await operatorHarness(definition, { now: 0, maxParallelism: 1 })
    harness.receive({ user: 'a', page: '/' })
    harness.advance(5)
    harness.receive({ user: 'b', page: '/' })
    harness.receive({ user: 'a', page: '/' })
    expect(harness.timers('a')).toEqual([
      { at: 10_000, tag: '1' },
      { at: 10_005, tag: '2' },
    ])
    expect(harness.timers('c')).toEqual([])
  })

  test('when time is to go back, then it is refused', async () => {
    const harness = await operatorHarness(alarms, { now: 1_000 })
    expect(rejected(() => harness.advanceTo(999)).code).toBe('RT1801')
    for (const at of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(rejected(() => harness.advanceTo(at)).code).toBe('RT1801')
    expect(rejected(() => harness.advance(-1)).code).toBe('RT1701')
    expect(harness.now()).toBe(1_000)
  })

  test('when a timer sets itself for now, for ever, then the test is told and does not hang', async () => {
    const harness = await operatorHarness(alarms)
    harness.receive({ key: 'at-once', in: 0 })
    expect(rejected(() => harness.advance(0)).what).toMatch(/^a quarter of a million timers have fired at/)
  })
})

describe('ports', () => {
  const shop = operator({
    receives: { order: of<{ id: number; sum: number }>(), payment: of<{ order: number }>() },
    emits: { paid: of<{ id: number; sum: number }>(), unpaid: of<number>() },
    state: { sum: state.value(0) },
    on: {
      order(order, ctx) {
        ctx.state.sum.set(order.sum)
        ctx.timers.in('1h')
      },
      payment(payment, ctx) {
        ctx.emit.paid({ id: payment.order, sum: ctx.state.sum.get() })
        ctx.state.sum.clear()
      },
    },
    onTimer(_, ctx) {
      if (ctx.state.sum.get() > 0) ctx.emit.unpaid(Number(ctx.key))
    },
  })
  const byOrder = {
    operator: shop,
    key: {
      order: (order: { id: number }) => order.id,
      payment: (payment: { order: number }) => payment.order,
    },
  }

  test('when records come at two ports and leave at two, then each is told with its port, in order', async () => {
    const harness = await portHarness(byOrder)
    harness.receive('order', { id: 1, sum: 10 })
    harness.receive('order', { id: 2, sum: 20 })
    harness.receive('payment', { order: 2 })
    expect(harness.state(1, 'sum')).toBe(10)
    harness.advance('1h')
    expect(harness.takeEmitted()).toEqual([
      { port: 'paid', record: { id: 2, sum: 20 } },
      { port: 'unpaid', record: 1 },
    ])
  })

  test('when there is one port on each side, then it works the same', async () => {
    const harness = await portHarness({
      operator: operator({
        receives: { word: of<string>() },
        emits: { length: of<number>() },
        on: { word: (word, ctx) => ctx.emit.length(word.length) },
      }),
      key: { word: (word) => word },
    })
    harness.receive('word', 'exactly')
    expect(harness.takeEmitted()).toEqual([{ port: 'length', record: 7 }])
  })

  test('when a port is not there, then it is told which are', async () => {
    const harness = await portHarness(byOrder)
    expect(rejected(() => harness.receive('refund' as 'order', { id: 1, sum: 10 }))).toMatchObject({
      code: 'RT1801',
      why: 'it receives at order, payment',
    })
    harness.receive('order', { id: 1, sum: 10 })
  })
})

describe('a snapshot', () => {
  test('when it is restored, then state and timers are there, and time goes on where it was', async () => {
    const before = await operatorHarness(definition, { now: 1_000 })
    before.receive({ user: 'a', page: '/' })
    before.advance('4s')
    const restoreFrom = await before.snapshot()
    expect(restoreFrom).toMatchObject({ operator: 'operator', maxParallelism: 128, takenAt: 5_000 })
    expect(restoreFrom.parts).toHaveLength(1)

    const after = await operatorHarness(definition, { restoreFrom })
    expect(after.now()).toBe(5_000)
    expect(after.state('a', 'pages')).toEqual(['/'])
    expect(after.timers('a')).toEqual([{ at: 11_000, tag: '1' }])
    after.advance('6s')
    expect(after.takeEmitted()).toEqual([{ user: 'a', pages: ['/'] }])
  })

  test('when the operator goes on, then the snapshot holds what was there when it was asked for', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const taken = before.snapshot()
    before.receive({ user: 'a', page: '/later' })

    const after = await operatorHarness(definition, { restoreFrom: await taken })
    expect(after.state('a', 'pages')).toEqual(['/'])
    expect(before.state('a', 'pages')).toEqual(['/', '/later'])
  })

  test('when it comes back much later, then timers that are overdue fire at the first advance', async () => {
    const before = await operatorHarness(definition, { now: 0 })
    before.receive({ user: 'a', page: '/' })
    const after = await operatorHarness(definition, { restoreFrom: await before.snapshot(), now: 90_000 })
    expect(after.takeEmitted()).toEqual([])
    after.advance(0)
    expect(after.takeEmitted()).toEqual([{ user: 'a', pages: ['/'] }])
    expect(after.now()).toBe(90_000)
  })

  test('when two go on from one snapshot, then neither sees what the other does', async () => {
    const bytes = {
      key: (key: string) => key,
      process: {
        emits: of<number>(),
        state: { seen: state.value(Buffer.alloc(4) as Uint8Array) },
        onRecord(_: string, ctx: ProcessContext<string, { seen: { initial: Uint8Array } }>) {
          const seen = ctx.state.seen.get()
          seen[0] = (seen[0] ?? 0) + 1
          ctx.state.seen.set(seen)
        },
      },
    }
    const before = await operatorHarness(bytes)
    before.receive('a')
    const restoreFrom = await before.snapshot()
    const [one, two] = [
      await operatorHarness(bytes, { restoreFrom }),
      await operatorHarness(bytes, { restoreFrom }),
    ]
    one.receive('a')
    expect([...one.state('a', 'seen')]).toEqual([2, 0, 0, 0])
    expect([...two.state('a', 'seen')]).toEqual([1, 0, 0, 0])
  })

  test('when a new version has another state more, then it begins with its initial value', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const more = { ...kept, first: state.value('nowhere') }
    const after = await operatorHarness(
      {
        key: (visit: Visit) => visit.user,
        process: {
          emits: of<string>(),
          state: more,
          onRecord: (visit, ctx, emit) => {
            emit(ctx.state.first.get())
            ctx.state.first.set(visit.page)
          },
        },
      },
      { restoreFrom: await before.snapshot() },
    )
    expect(after.state('a', 'visits')).toBe(1)
    after.receive({ user: 'a', page: '/y' })
    expect(after.takeEmitted()).toEqual(['nowhere'])
    expect(after.state('a', 'first')).toBe('/y')
  })

  test('when a version has a state less, then its values wait in the checkpoints for one that has it again', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const without = {
      key: (visit: Visit) => visit.user,
      process: {
        emits: of<number>(),
        state: { visits: state.value(0) },
        onRecord(_: Visit, ctx: ProcessContext<string, { visits: { initial: number } }>) {
          ctx.state.visits.update((visits) => visits + 1)
        },
      },
    }
    const less = await operatorHarness(without, { restoreFrom: await before.snapshot() })
    less.receive({ user: 'a', page: '/not kept' })
    expect(rejected(() => less.state('a', 'pages' as 'visits')).code).toBe('RT1801')

    const again = await operatorHarness(definition, { restoreFrom: await less.snapshot() })
    expect(again.state('a', 'visits')).toBe(2)
    expect(again.state('a', 'pages')).toEqual(['/'])
  })

  test('when a new version takes the state for another type, then it meets the old value', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const after = await operatorHarness(
      {
        key: (visit: Visit) => visit.user,
        process: {
          emits: of<number>(),
          state: { pages: state.value({ first: '' }) },
          onRecord: (_, ctx, emit) => emit(ctx.state.pages.get().first.length),
        },
      },
      { restoreFrom: await before.snapshot() },
    )
    expect(after.state('a', 'pages')).toEqual(['/'])
    expect(rejected(() => after.receive({ user: 'a', page: '/' }))).toMatchObject({
      code: 'RT1601',
      why: expect.stringContaining('TypeError'),
    })
  })

  test('when a new version chooses keys of another type, then the state is refused', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const after = await operatorHarness(
      { key: () => 7, process: { emits: of<never>(), onRecord: () => {} } },
      { restoreFrom: await before.snapshot() },
    )
    expect(rejected(() => after.receive({})).code).toBe('RT1222')
  })

  test('when state cannot be written as bytes, then there is no snapshot', async () => {
    const harness = await operatorHarness({
      key: (key: string) => key,
      process: {
        emits: of<never>(),
        state: { made: state.value(undefined as unknown) },
        onRecord: (_, ctx) => ctx.state.made.set(() => 1),
      },
    })
    harness.receive('a')
    await expect(harness.snapshot()).rejects.toMatchObject({ code: 'RT1614' })
  })

  test('when max parallelism or the id has changed, then restoring is refused as it is for a job', async () => {
    const before = await operatorHarness(definition, { id: 'stays' })
    before.receive({ user: 'a', page: '/' })
    const restoreFrom = await before.snapshot()
    await expect(
      operatorHarness(definition, { id: 'stays', restoreFrom, maxParallelism: 64 }),
    ).rejects.toMatchObject({ code: 'RT1205' })
    await expect(operatorHarness(definition, { restoreFrom })).rejects.toMatchObject({ code: 'RT1206' })
  })

  test('when its bytes were changed, then it is refused', async () => {
    const before = await operatorHarness(definition)
    before.receive({ user: 'a', page: '/' })
    const snapshot = await before.snapshot()
    const [part] = snapshot.parts
    part![part!.length - 1]! ^= 1
    await expect(operatorHarness(definition, { restoreFrom: snapshot })).rejects.toMatchObject({
      code: 'RT1203',
    })
  })
})

describe('several subtasks', () => {
  const USERS = Array.from({ length: 40 }, (_, i) => `user-${i}`)

  test('when two harnesses go on from one snapshot, then each holds its key groups, and both hold all', async () => {
    const whole = await operatorHarness(definition, { now: 0, maxParallelism: 64 })
    for (const user of USERS) whole.receive({ user, page: `/${user}` })
    const restoreFrom = await whole.snapshot()
    const halves = await Promise.all(
      [0, 1].map((subtask) => operatorHarness(definition, { restoreFrom, subtask, parallelism: 2 })),
    )

    for (const user of USERS) {
      const owners = halves.filter((half) => half.owns(user))
      expect(owners.map((half) => half.state(user, 'pages'))).toEqual([[`/${user}`]])
    }
    const emitted = halves.map((half) => {
      half.advance('10s')
      return half.takeEmitted().map(({ user }) => user)
    })
    expect(emitted[0]?.length).toBeGreaterThan(0)
    expect(emitted[1]?.length).toBeGreaterThan(0)
    expect(emitted.flat().sort()).toEqual([...USERS].sort())
  })

  test('when one goes on from the snapshots of three, then it holds what they held', async () => {
    const thirds = await Promise.all(
      [0, 1, 2].map((subtask) => operatorHarness(definition, { subtask, parallelism: 3 })),
    )
    for (const user of USERS) thirds.find((third) => third.owns(user))?.receive({ user, page: '/' })
    const snapshots = await Promise.all(thirds.map((third) => third.snapshot()))
    expect(snapshots.map(({ firstGroup, lastGroup }) => [firstGroup, lastGroup])).toEqual([
      [0, 42],
      [43, 85],
      [86, 127],
    ])

    const whole = await operatorHarness(definition, { restoreFrom: snapshots })
    expect(USERS.map((user) => whole.state(user, 'visits'))).toEqual(USERS.map(() => 1))
  })

  test('when a subtask has no key yet, then its empty snapshot restores all the same', async () => {
    const empty = await (await operatorHarness(definition)).snapshot()
    expect(empty.parts).toHaveLength(0)
    const after = await operatorHarness(definition, { restoreFrom: empty })
    expect(after.state('a', 'visits')).toBe(0)
  })

  test('when a snapshot is missing or there twice, then restoring is refused', async () => {
    const [one, two] = await Promise.all(
      [0, 1].map(async (subtask) =>
        (await operatorHarness(definition, { subtask, parallelism: 2 })).snapshot(),
      ),
    )
    if (one === undefined || two === undefined) throw new Error('two were taken')
    await expect(operatorHarness(definition, { restoreFrom: one })).rejects.toMatchObject({
      code: 'RT1801',
      why: 'that of subtask 1 of 2 is missing',
    })
    await expect(operatorHarness(definition, { restoreFrom: [one, two, two] })).rejects.toMatchObject({
      code: 'RT1801',
    })
    await operatorHarness(definition, { restoreFrom: two, subtask: 3, parallelism: 4 })
  })

  test('when a key of another subtask comes or is looked at, then it is told whose it is', async () => {
    const half = await operatorHarness(definition, { subtask: 0, parallelism: 2 })
    const foreign = USERS.find((user) => !half.owns(user)) ?? ''
    const error = rejected(() => half.receive({ user: foreign, page: '/' }))
    expect(error).toMatchObject({ code: 'RT1801', why: 'it belongs to subtask 1' })
    expect(rejected(() => half.state(foreign, 'visits')).code).toBe('RT1801')
    expect(rejected(() => half.timers(foreign)).code).toBe('RT1801')
    half.receive({ user: USERS.find((user) => half.owns(user)) ?? '', page: '/' })
  })

  test.each([
    { subtask: 2, parallelism: 2 },
    { subtask: -1 },
    { parallelism: 0 },
    { parallelism: 1.5 },
    { parallelism: 300, maxParallelism: 200 },
    { now: Number.NaN },
    { id: '' },
  ])('when the options are %o, then they are refused', async (options) => {
    await expect(operatorHarness(definition, options)).rejects.toMatchObject({ code: 'RT1012' })
  })
})

describe('user code that is wrong', () => {
  test('when it throws, then receive throws it, with its line and the record, and nothing comes after', async () => {
    const harness = await operatorHarness({
      key: (visit: Visit) => visit.user,
      process: {
        emits: of<string>(),
        state: { visits: state.value(0) },
        onRecord(visit, ctx, emit) {
          ctx.state.visits.update((visits) => visits + 1)
          emit(visit.page)
          if (visit.page === '/boom') throw new RangeError('boom')
        },
      },
    })
    harness.receive({ user: 'a', page: '/' })
    const error = rejected(() => harness.receive({ user: 'a', page: '/boom' }))
    expect(error).toMatchObject({ code: 'RT1601', what: 'the function of "operator" threw' })
    expect(error.why).toBe('RangeError: boom, at the record {"user":"a","page":"/boom"}')
    expect(error.where).toMatch(/operator-harness\.test\.ts:\d+$/)
    expect(error.cause).toBeInstanceOf(RangeError)

    for (const use of [() => harness.receive({ user: 'a', page: '/' }), () => harness.advance(0)]) {
      expect(rejected(use)).toMatchObject({ code: 'RT1801', cause: error })
    }
    await expect(harness.snapshot()).rejects.toMatchObject({ code: 'RT1801' })
    expect(harness.takeEmitted()).toEqual(['/'])
    expect(harness.state('a', 'visits')).toBe(2)
  })

  test('when a timer or the key throws, then so does what made it run', async () => {
    const harness = await operatorHarness({
      key: (visit: Visit) => visit.user.trim(),
      process: {
        emits: of<never>(),
        onRecord: (_, ctx) => ctx.timers.in(1),
        onTimer() {
          throw new Error('at night')
        },
      },
    })
    harness.receive({ user: 'a', page: '/' })
    expect(rejected(() => harness.advance(1)).why).toMatch(/^Error: at night, at the record {"at":/)

    const keyless = await operatorHarness(definition)
    expect(rejected(() => keyless.receive({} as Visit)).code).toBe('RT1610')
  })

  test('when a handler of a port is asynchronous, then it is told so: it would go on under another key', async () => {
    const asynchronous = (async () => undefined) as unknown as () => undefined
    const ports = { receives: { word: of<string>() }, emits: { word: of<string>() } }
    const key = { word: (word: string) => word }
    const received = await portHarness({ key, operator: operator({ ...ports, on: { word: asynchronous } }) })
    const woken = await portHarness({
      key,
      operator: operator({
        ...ports,
        on: { word: (_, ctx) => ctx.timers.in(1) },
        onTimer: asynchronous,
      }),
    })
    woken.receive('word', 'a')

    for (const use of [() => received.receive('word', 'a'), () => woken.advance(1)]) {
      expect(rejected(use)).toMatchObject({
        code: 'RT1603',
        where: expect.stringMatching(/operator-harness\.test\.ts:\d+$/),
      })
    }
  })

  test('when a record that came in is changed, then that is an error, however deep it lies', async () => {
    const harness = await operatorHarness({
      key: (row: { tags: { name: string }[] }) => row.tags.length,
      process: {
        emits: of<never>(),
        onRecord(row) {
          for (const tag of row.tags) tag.name = 'changed'
        },
      },
    })
    const row = { tags: [{ name: 'a' }] }
    expect(rejected(() => harness.receive(row)).why).toMatch(
      /^TypeError: Cannot assign to read only property 'name'/,
    )
    expect(row).toEqual({ tags: [{ name: 'a' }] })
  })

  test('when a record is changed after it was emitted, then that is an error, in the same call too', async () => {
    const changing = (then: 'now' | 'next time') =>
      operatorHarness({
        key: (key: string) => key,
        process: {
          emits: of<{ pages: string[] }>(),
          state: { held: state.value({ pages: [] as string[] }) },
          onRecord(key, ctx, emit) {
            const held = ctx.state.held.get()
            held.pages.push(key)
            ctx.state.held.set(held)
            emit(held)
            if (then === 'now') held.pages.push('more')
          },
        },
      })
    const now = await changing('now')
    expect(rejected(() => now.receive('a')).why).toMatch(/^TypeError: Cannot add property/)
    const later = await changing('next time')
    later.receive('a')
    expect(rejected(() => later.receive('a')).why).toMatch(/^TypeError: Cannot add property/)
    expect(later.takeEmitted()).toEqual([{ pages: ['a'] }])
  })

  test('when a timer emits, then that is frozen too', async () => {
    const harness = await operatorHarness(definition)
    harness.receive({ user: 'a', page: '/' })
    harness.advance('10s')
    const [stay] = harness.takeEmitted()
    expect([Object.isFrozen(stay), Object.isFrozen(stay?.pages)]).toEqual([true, true])
  })

  test('when a function is missing, then the harness is refused', async () => {
    const [none, key] = [undefined as never, (visit: Visit) => visit.user]
    await expect(operatorHarness({ key, process: { onRecord: none } })).rejects.toMatchObject({
      code: 'RT1011',
    })
    await expect(operatorHarness({ key: none, process: stays })).rejects.toMatchObject({ code: 'RT1011' })
  })
})

function rejected(run: () => unknown): RetakeError {
  try {
    run()
  } catch (error) {
    return error as RetakeError
  }
  throw new Error('nothing was thrown')
}
