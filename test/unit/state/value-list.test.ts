import { describe, expect, test } from 'vitest'
import { type KnownShape, ValueList } from '#src/state/value-list.js'

function listOf(...values: readonly unknown[]): ValueList {
  const list = new ValueList({ shape: undefined })
  for (const value of values) list.push(value)
  return list
}

const first = (length: number, list: ValueList) => Array.from({ length }, (_, at) => list.at(at))

test('when values are rows of one shape, then they stand in columns, and each reading is a row of its own', () => {
  const given = { user: 'ada', clicks: 1 }
  const list = listOf(given, { user: 'bob', clicks: 2 })
  given.clicks = 9
  const read = list.at(0) as { clicks: number }
  read.clicks = 7
  expect([list.isInColumns(0), list.isInColumns(1)]).toEqual([true, true])
  expect(first(2, list)).toEqual([
    { user: 'ada', clicks: 1 },
    { user: 'bob', clicks: 2 },
  ])
})

describe('what is no row of the shape stands as it was given', () => {
  class Named {
    name = 'ada'
  }
  const row = { user: 'ada', clicks: 1 }
  test.each([
    ['another field', { user: 'ada', count: 1 }],
    ['a field more', { ...row, more: 1 }],
    ['a field less', { user: 'ada' }],
    ['another order', { clicks: 1, user: 'ada' }],
    ['a nested value', { user: { name: 'ada' }, clicks: 1 }],
    ['a nested value behind a scalar', { user: 'ada', clicks: [1] }],
    ['an instance of a class', new Named()],
    ['no prototype', Object.assign(Object.create(null), row)],
    ['a list', [1, 2]],
    ['a scalar', 5],
    ['null', null],
  ])('%s', (_, value) => {
    const list = listOf(row, value, row)
    expect(list.at(1)).toBe(value)
    list.set(1, row)
    expect(list.at(1)).toEqual(row)
    list.set(1, value)
    expect(list.at(1)).toBe(value)
    expect([list.at(0), list.at(2)]).toEqual([row, row])
  })

  test.each([
    ['a nested value', { user: { name: 'ada' }, clicks: 1 }],
    ['an instance of a class', new Named()],
    ['a scalar', 5],
  ])('%s, before the first row', (_, value) => {
    const list = listOf(value, row, row)
    expect(first(3, list)).toEqual([value, row, row])
    expect([0, 1, 2].map((at) => list.isInColumns(at))).toEqual([false, true, true])
  })
})

test('when scalars of all kinds stand in one column, then each comes back as it was', () => {
  const rows = ['text', 1, 0.5, -0, Number.NaN, 7n, true, null, undefined].map((x) => ({ x }))
  const list = listOf(...rows)
  expect(rows.every((_, at) => list.isInColumns(at))).toBe(true)
  expect(first(rows.length, list)).toEqual(rows)
})

test('when a field is named __proto__, then its row stands as it was given', () => {
  const row = JSON.parse('{"__proto__": 1, "a": 2}')
  expect(listOf(row).at(0)).toBe(row)
})

test('when one field is written, then the others stay, in columns or not', () => {
  for (const extra of [{ user: 'ada' }, { user: ['ada'] }]) {
    const list = listOf({ ...extra, clicks: 1 }, { ...extra, clicks: 5 })
    list.setFieldAt(0, 'clicks', 2)
    expect([list.fieldAt(0, 'clicks'), list.fieldAt(1, 'clicks'), list.fieldAt(0, 'user')]).toEqual([
      2,
      5,
      extra.user,
    ])
    expect(list.at(0)).toEqual({ ...extra, clicks: 2 })
  }
})

test('when positions are closed up, then each value comes to its new place', () => {
  const values = [{ a: 0 }, { a: [1] }, { a: 2 }, { a: 3 }, 4]
  const list = listOf(...values)
  list.forget(2)
  list.closeUp([0, 1, 3, 4])
  expect(first(4, list)).toEqual([{ a: 0 }, { a: [1] }, { a: 3 }, 4])
})

test('when values are copied from another list of the state, then later changes there do not show', () => {
  const known: KnownShape = { shape: undefined }
  const [from, to] = [new ValueList(known), new ValueList(known)]
  for (const value of [{ a: 1 }, 'single', { a: 2 }]) from.push(value)
  for (const at of [2, 1, 0]) to.pushFrom(from, at)
  from.set(0, { a: 9 })
  from.setFieldAt(2, 'a', 9)
  expect(first(3, to)).toEqual([{ a: 2 }, 'single', { a: 1 }])
})

test('when rows are loaded, then they stand in columns if they have the fields of those that are there', () => {
  const columns = [
    [1, 2],
    ['x', 'y'],
  ]
  for (const [there, inColumns] of [
    [[], true],
    [[{ a: 0, b: 'w' }], true],
    [[{ b: 'w', a: 0 }], false],
    [[5, { a: 0, b: 'w' }], true],
  ] as const) {
    const list = listOf(...there)
    list.pushAll({ names: ['a', 'b'], columns })
    const { length } = there
    expect(first(length + 2, list)).toEqual([...there, { a: 1, b: 'x' }, { a: 2, b: 'y' }])
    expect(list.isInColumns(length + 1)).toBe(inColumns)
  }
})
