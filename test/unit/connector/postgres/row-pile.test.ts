import { expect, test } from 'vitest'
import { decodePiece, encodePiece, preparedRows } from '#src/connector/postgres/postgres-piece.js'
import { RowEncoder } from '#src/connector/postgres/row-encoder.js'
import { RowPile } from '#src/connector/postgres/row-pile.js'
import { LIMITS } from '#src/kit/limits.js'

const columns = [
  { name: 'user', from: 'userId', type: 'text' },
  { name: 'page', from: 'page', type: 'integer' },
  { name: 'clicks', from: 'clicks', type: 'bigint' },
] as const

test('when keys repeat, then the last row of each is kept, sorted by key', () => {
  const pile = pileOf(['user', 'page'])
  for (const [userId, page, clicks] of [
    ['b', 1, 1],
    ['a', 11, 2],
    ['a', 1, 3],
    ['b', 1, 4],
    ['a1', 1, 5],
  ]) {
    pile.add({ userId, page, clicks })
  }
  expect(pile.sorted()).toEqual([
    ['a', '1', '3'],
    ['a', '11', '2'],
    ['b', '1', '4'],
    ['a1', '1', '5'],
  ])
  expect(pile.rows).toBe(4)
})

test('when there is no key, then rows stay as they came', () => {
  const pile = pileOf([])
  for (const userId of ['b', 'a', 'b']) pile.add({ userId, page: 1, clicks: 1 })
  expect(pile.sorted().map(([user]) => user)).toEqual(['b', 'a', 'b'])
})

test('when rows or bytes reach those of a piece, then the pile is full, and repeated keys do not fill it', () => {
  const rows = pileOf([])
  const keyed = pileOf(['user'])
  for (let i = 0; i < LIMITS.pieceRows; i++) {
    expect(rows.isFull).toBe(false)
    rows.add({ userId: 'ann', page: 1, clicks: i })
    keyed.add({ userId: 'ann', page: 1, clicks: i })
  }
  expect(rows.isFull).toBe(true)
  expect(keyed.isFull).toBe(false)
  expect(keyed.bytes).toBeLessThan(100)

  const bytes = pileOf([])
  bytes.add({ userId: 'x'.repeat(LIMITS.pieceBytes), page: 1, clicks: 1 })
  expect(bytes.isFull).toBe(true)
})

test('when a pile has more rows than a statement takes, then it is cut into blocks, each sorted, and no key is in two', () => {
  const pile = pileOf(['user'])
  const users = LIMITS.pieceRows * 2 + 10
  for (const clicks of [1, 2]) {
    for (let i = 0; i < users; i++) pile.add({ userId: `user-${(i * 7_919) % users}`, page: 1, clicks })
  }
  const blocks = pile.blocks().map((block) => block.sorted())

  expect(blocks.map(({ length }) => length)).toEqual([LIMITS.pieceRows, LIMITS.pieceRows, 10])
  const keys = blocks.map((rows) => rows.map(([user]) => user as string))
  for (const each of keys) expect(each).toEqual([...each].sort())
  expect(new Set(keys.flat()).size).toBe(users)
  expect(blocks.flat().every(([, , clicks]) => clicks === '2')).toBe(true)
})

test('when a key is too long for an index, then it is refused', () => {
  const pile = pileOf(['user'])
  pile.add({ userId: 'x'.repeat(2_600), page: 1, clicks: 1 })
  expect(() => pile.add({ userId: 'é'.repeat(1_301), page: 1, clicks: 1 })).toThrow(
    /key of more than 2600 bytes/,
  )
})

test('when the record changes after it was added, then the row does not', () => {
  const pile = pileOf([])
  const record = { userId: 'ann', page: 1, clicks: 1 }
  pile.add(record)
  record.userId = 'bob'
  expect(pile.sorted()[0]?.[0]).toBe('ann')
})

test('when rows become a piece and are read back, then shape and arrays are the same', () => {
  const shape = { columns: columns.map(({ name, type }) => ({ name, type })), key: ['user'] }
  const rows = preparedRows(shape, [
    ['a"\\,{}', '1', null],
    ['NULL', '2', '3'],
    ['', '3', '4'],
  ])
  expect(rows.arrays).toEqual(['{"a\\"\\\\,{}","NULL",""}', '{1,2,3}', '{NULL,3,4}'])
  expect(decodePiece(encodePiece(rows))).toEqual(rows)
})

test('when a piece is of a version that is not known, then it says so', () => {
  const piece = Buffer.from(JSON.stringify({ version: 9, columns: [], key: [], rows: 0, arrays: [] }))
  expect(() => decodePiece(piece)).toThrow(/RT1206/)
})

function pileOf(key: readonly string[]): RowPile {
  return new RowPile(new RowEncoder('clicks', columns, key, new Map()), key.length > 0)
}
