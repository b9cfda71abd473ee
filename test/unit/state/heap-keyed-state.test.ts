import { setImmediate } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Key } from '#src/kit/key.js'
import { keyGroupOf } from '#src/kit/key-group.js'
import { LIMITS } from '#src/kit/limits.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'
import { HeapKeyedState } from '#src/state/heap-keyed-state.js'
import type { KeyedCapture } from '#src/state/keyed-capture.js'
import { HeldBlobs } from '../../support/held-blobs.js'

const maxParallelism = 128

function stateOf(subtask = 0, parallelism = 1): HeapKeyedState {
  return new HeapKeyedState({ maxParallelism, parallelism, subtask, where: 'sum' })
}

/** What the parts of a snapshot hold, when all are stored. */
async function bytesOf(capture: KeyedCapture, blobs: HeldBlobs): Promise<Uint8Array[]> {
  const { keyed = [] } = await capture.upload()
  return Promise.all(keyed.map(({ part }) => blobs.get(part)))
}

/** Takes all steps at once. */
function restore(state: HeapKeyedState, part: Uint8Array): void {
  for (const _ of state.restore(part, 'part'));
}

/** Everything that parts hold, as a state that restores them has it. */
function contentOf(parts: readonly Uint8Array[], keys: Iterable<Key>): [Key, unknown][] {
  const state = stateOf()
  for (const part of parts) restore(state, part)
  return readAll(state, keys)
}

function readAll(state: HeapKeyedState, keys: Iterable<Key>): [Key, unknown][] {
  const values = state.value<unknown>('count')
  return [...keys].flatMap((key): [Key, unknown][] => {
    state.setCurrentKey(key)
    const value = values.get()
    return value === undefined ? [] : [[key, structuredClone(value)]]
  })
}

const keys = Array.from({ length: 500 }, (_, i) => `user-${i}`)

test('when a key has its turn, then it sees its own values', () => {
  const state = stateOf()
  const [count, name] = [state.value<number>('count'), state.value<string>('name')]
  for (const key of ['a', 'b']) {
    state.setCurrentKey(key)
    expect([count.get(), name.get()]).toEqual([undefined, undefined])
    count.set(key.length)
    name.set(key)
  }
  state.setCurrentKey('a')
  expect([state.currentKey, count.get(), name.get()]).toEqual(['a', 1, 'a'])
  name.clear()
  expect([count.get(), name.get()]).toEqual([1, undefined])
  expect(state.value('count')).toBe(count)
})

test('when no key has its turn, then state cannot be read or written', () => {
  const state = stateOf()
  const count = state.value<number>('count')
  expect(() => count.get()).toThrow('under a key')
  expect(() => count.set(1)).toThrow('under a key')
  expect(() => state.timers.set(5)).toThrow('under a key')
})

test('when keys are the same to their user, then they share their state', () => {
  for (const [a, b] of [
    [-0, 0],
    ['\ud800x', '\ufffdx'],
    [
      ['a', 1],
      ['a', 1],
    ],
    [7n, 7n],
  ] as [Key, Key][]) {
    const state = stateOf()
    state.setCurrentKey(a)
    state.value('count').set(3)
    state.setCurrentKey(b)
    expect(state.value('count').get()).toBe(3)
    expect(state.currentKey).toEqual(b)
  }
})

test('when a key is none, of another type, or of another subtask, then it is refused', () => {
  const state = stateOf()
  expect(() => state.setCurrentKey(Number.NaN)).toThrow(/^RT1610/)
  state.setCurrentKey(1)
  expect(() => state.setCurrentKey('1')).toThrow(/^RT1611/)
  const half = stateOf(0, 2)
  const refused = keys.filter((key) => {
    try {
      half.setCurrentKey(key)
      return false
    } catch (error) {
      expect(error).toMatchObject({ code: 'RT1615', where: 'sum' })
      return true
    }
  })
  expect(refused.length).toBeGreaterThan(150)
  expect(refused.length).toBeLessThan(350)
})

test('when a snapshot has been captured, then no later write shows in it', async () => {
  const state = stateOf()
  const count = state.value<{ n: number; list: number[] } | number>('count')
  for (const key of keys) {
    state.setCurrentKey(key)
    count.set(key.endsWith('7') ? 7 : { n: 1, list: [1] })
  }
  const before = readAll(state, keys)
  const blobs = new HeldBlobs()
  const capture = state.capture(blobs)
  for (const key of keys) {
    state.setCurrentKey(key)
    const held = count.get()
    if (key.endsWith('3')) count.clear()
    else if (typeof held === 'object') {
      held.n += 1 // in place, and not even set again
      held.list.push(2)
    } else count.set(8)
  }
  state.setCurrentKey('somebody-new')
  count.set(1)
  expect(contentOf(await bytesOf(capture, blobs), [...keys, 'somebody-new'])).toEqual(before)
})

test('when snapshots are taken in slices under writes, then each is what it would have been at once', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const state = stateOf()
    const blobs = new HeldBlobs()
    const model = new Model()
    const underWay: { capture: KeyedCapture; expected: Model }[] = []
    for (let step = 0; step < 3_000; step++) {
      if (random.next() < 0.004)
        underWay.push({ capture: state.capture(blobs), expected: structuredClone(model) })
      if (random.next() < 0.02) underWay[randomInteger(random, underWay.length)]?.capture.slice()
      write(random, state, model)
    }
    expect(underWay.length).toBeGreaterThan(3)
    for (const { capture, expected } of underWay) {
      const restored = stateOf()
      for (const part of await bytesOf(capture, blobs)) restore(restored, part)
      expect(new Map(readAll(restored, keys))).toEqual(expected.values)
      expect(timersOf(restored)).toEqual(expected.timers)
    }
  }
})

/** Flat, or not: what is flat stands in columns. */
interface Counted {
  n: number
  readonly list?: readonly number[]
}

/** What keyed state should hold. */
class Model {
  readonly values = new Map<Key, Counted>()
  readonly timers = new Set<string>()
}

function write(random: Random, state: HeapKeyedState, { values, timers }: Model): void {
  const count = state.value<Counted>('count')
  const key = keys[randomInteger(random, 300)]!
  const at = randomInteger(random, 50)
  const tag = random.next() < 0.5 ? 'tag' : undefined
  state.setCurrentKey(key)
  switch (randomInteger(random, 9)) {
    case 0:
      count.clear()
      values.delete(key)
      return
    case 1:
      state.timers.set(at, tag)
      timers.add(`${at} ${key} ${tag}`)
      return
    case 2:
      state.timers.cancel(at, tag)
      timers.delete(`${at} ${key} ${tag}`)
      return
    case 3: {
      const due = state.takeDueTimer(at)
      if (due !== undefined) timers.delete(`${due.at} ${due.key} ${due.tag}`)
      return
    }
    case 4: {
      const held = count.get() // changed in place, and what is no row in columns not even set again
      if (held === undefined) return
      held.n += 1
      if (held.list === undefined) count.set(held)
      values.set(key, { ...held })
      return
    }
    case 5: {
      const rows = state.row('count')
      const n = rows.getField('n') as number | undefined
      if (n === undefined) return
      rows.setField('n', n + 1)
      values.set(key, rows.copy() as unknown as Counted)
      return
    }
    default: {
      const n = randomInteger(random, 1_000)
      const counted = (): Counted => (n % 3 === 0 ? { n, list: [n] } : { n })
      count.set(counted())
      values.set(key, counted())
    }
  }
}

/** Takes all timers out. */
function timersOf(state: HeapKeyedState): Set<string> {
  const timers = new Set<string>()
  for (let due = state.takeDueTimer(1_000); due !== undefined; due = state.takeDueTimer(1_000)) {
    timers.add(`${due.at} ${due.key} ${due.tag}`)
  }
  return timers
}

test('when a snapshot is given up, then nothing is encoded for it any more, and another goes on', async () => {
  const state = stateOf()
  const count = state.value<number>('count')
  for (const key of keys) {
    state.setCurrentKey(key)
    count.set(1)
  }
  const before = readAll(state, keys)
  const blobs = new HeldBlobs()
  const [given, kept] = [state.capture(blobs), state.capture(blobs)]
  given.abandon()
  for (const key of keys) {
    state.setCurrentKey(key)
    count.set(2)
  }
  expect(contentOf(await bytesOf(kept, blobs), keys)).toEqual(before)
  await expect(given.upload()).rejects.toThrow('abandoned')
})

test('when an operator has two states of rows, then each comes back as it was', async () => {
  const state = stateOf()
  for (const key of keys) {
    state.setCurrentKey(key)
    state.value('name').set({ name: key })
    state.value('count').set({ count: key.length })
  }
  const blobs = new HeldBlobs()
  const parts = await bytesOf(state.capture(blobs), blobs)
  const restored = stateOf()
  for (const part of parts) restore(restored, part)
  restored.setCurrentKey('user-7')
  expect(['name', 'count'].map((name) => restored.value(name).get())).toEqual([
    { name: 'user-7' },
    { count: 6 },
  ])
})

test('when state is large, then it takes several slices', () => {
  const state = stateOf()
  const count = state.value<number>('count')
  for (let i = 0; i < 20_000; i++) {
    state.setCurrentKey(i)
    count.set(i)
  }
  const capture = state.capture(new HeldBlobs())
  let slices = 1
  while (!capture.slice()) slices += 1
  expect(slices).toBeGreaterThan(15)
  expect(slices).toBeLessThan(30)
})

test('when a state is empty, then its snapshot needs no part', async () => {
  const state = stateOf()
  state.value('count')
  const capture = state.capture(new HeldBlobs())
  expect(capture.slice()).toBe(true)
  expect(await capture.upload()).toEqual({})
})

test('when the parallelism changes there and back, then no key is lost or seen twice', async () => {
  const random = seededRandom(41)
  const all: Key[] = keys.map((key, i) => [key, i])
  const whole = stateOf()
  for (const key of all) {
    whole.setCurrentKey(key)
    whole.value('count').set({ key })
    whole.timers.set(1_000 + randomInteger(random, 10), 'tag')
  }
  const expected = readAll(whole, all)
  const blobs = new HeldBlobs()
  let parts = await bytesOf(whole.capture(blobs), blobs)
  for (const parallelism of [3, 7, 2, 128, 1]) {
    const seen: [Key, unknown][] = []
    const next: Uint8Array[] = []
    let timers = 0
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const state = stateOf(subtask, parallelism)
      for (const part of parts) restore(state, part)
      seen.push(...readAll(state, keysOf(state, all)))
      const capture = state.capture(blobs)
      next.push(...(await bytesOf(capture, blobs)))
      while (state.takeDueTimer(2_000) !== undefined) timers += 1
    }
    expect(new Map(seen.map(([key, value]) => [String(key), value]))).toEqual(
      new Map(expected.map(([key, value]) => [String(key), value])),
    )
    expect([seen.length, timers]).toEqual([all.length, all.length])
    parts = next
  }
  expect(contentOf(parts, all)).toEqual(expected)
})

function keysOf(state: HeapKeyedState, all: readonly Key[]): Key[] {
  return all.filter((key) => {
    try {
      state.setCurrentKey(key)
      return true
    } catch {
      return false
    }
  })
}

test('when a snapshot is uploaded, then it names the range of the groups that have entries', async () => {
  const state = stateOf()
  const groups = keys.slice(0, 3).map((key) => {
    state.setCurrentKey(key)
    state.value('count').set(1)
    return keyGroupOf(key, maxParallelism)
  })
  expect(await state.capture(new HeldBlobs()).upload()).toMatchObject({
    keyed: [{ firstGroup: Math.min(...groups), lastGroup: Math.max(...groups) }],
  })
})

describe('a snapshot of more than a part', () => {
  const LARGE = 'x'.repeat(10_000)
  const large = (): HeapKeyedState => {
    const state = stateOf()
    for (const key of keys.concat(keys.map((key) => `other-${key}`))) {
      state.setCurrentKey(key)
      state.value('count').set(`${LARGE}${key}`)
    }
    return state
  }

  test('when it is encoded, then its parts hold all of it, in the order of their groups', async () => {
    const blobs = new HeldBlobs()
    const state = large()
    const capture = state.capture(blobs)
    const { keyed = [] } = await capture.upload()
    expect(keyed.length).toBeGreaterThan(2)
    expect(Math.max(...keyed.map(({ part }) => part.bytes))).toBeLessThan(LIMITS.keyedPartBytes * 1.1)
    const ends = keyed.flatMap(({ firstGroup, lastGroup }) => [firstGroup, lastGroup])
    expect(ends).toEqual(ends.toSorted((a, b) => a - b))
    const parts = await Promise.all(keyed.map(({ part }) => blobs.get(part)))
    expect(contentOf(parts, keys)).toEqual(readAll(state, keys))
  })

  test('when the store is behind, then it waits with a bounded number of parts under way', async () => {
    const blobs = new HeldBlobs()
    blobs.hold()
    const capture = large().capture(blobs)
    while (capture.room() === undefined) expect(capture.slice()).toBe(false)
    expect(blobs.puts).toHaveLength(LIMITS.keyedPartsUnderWay)
    const room = capture.room()
    blobs.release()
    await room
    expect(capture.room()).toBeUndefined()
    expect((await capture.upload()).keyed?.length).toBeGreaterThan(LIMITS.keyedPartsUnderWay)
  })

  test('when the store refuses a part, then the upload fails by that, and what was stored is taken back', async () => {
    const blobs = new HeldBlobs()
    const capture = large().capture(blobs)
    while (blobs.puts.length < 1) capture.slice()
    await setImmediate()
    blobs.failure = new Error('the disk is full')
    await expect(capture.upload()).rejects.toThrow('the disk is full')
    expect(blobs.size).toBe(1)
    capture.abandon()
    await setImmediate()
    expect(blobs.size).toBe(0)
  })

  test('when the store refuses a part, then no more is encoded', async () => {
    const blobs = new HeldBlobs()
    blobs.failure = new Error('the disk is full')
    const capture = large().capture(blobs)
    while (blobs.puts.length < 1) capture.slice()
    await setImmediate()
    expect(capture.slice()).toBe(true)
    await expect(capture.upload()).rejects.toThrow('the disk is full')
    expect(blobs.puts).toHaveLength(1)
  })
})

test('when keys change their type over a restore, then the operator is named', async () => {
  const state = stateOf()
  state.setCurrentKey('a')
  state.value('count').set(1)
  const blobs = new HeldBlobs()
  const [part] = await bytesOf(state.capture(blobs), blobs)
  const restored = stateOf()
  restore(restored, part!)
  expect(() => restored.setCurrentKey(1)).toThrow(expect.objectContaining({ code: 'RT1222', where: 'sum' }))
})

test('when a value is no data, then the snapshot fails by name of its operator', () => {
  const state = stateOf()
  state.setCurrentKey('a')
  state.value('count').set(() => 1)
  expect(() => state.capture(new HeldBlobs()).slice()).toThrow(
    expect.objectContaining({ code: 'RT1614', where: 'sum' }),
  )
})

test('when timers are due, then they come in the order of their times, each once, with their key', () => {
  const state = stateOf()
  for (const [key, at, tag] of [
    ['b', 30],
    ['a', 10],
    ['a', 20, 'x'],
    ['a', 10],
    ['c', 10],
    ['c', 40],
  ] as const) {
    state.setCurrentKey(key)
    state.timers.set(at, tag)
  }
  state.setCurrentKey('b')
  state.timers.cancel(30)
  state.timers.cancel(99)
  expect(state.nextTimerAt).toBe(10)
  expect(state.takeDueTimer(9)).toBeUndefined()
  expect(state.takeDueTimer(30)).toEqual({ key: 'a', at: 10, tag: undefined })
  expect(state.currentKey).toBe('a')
  expect(state.takeDueTimer(30)).toEqual({ key: 'c', at: 10, tag: undefined })
  expect(state.takeDueTimer(30)).toEqual({ key: 'a', at: 20, tag: 'x' })
  expect([state.takeDueTimer(30), state.nextTimerAt]).toEqual([undefined, 40])
  expect(() => state.timers.set(Number.NaN)).toThrow(/^RT1616/)
})
