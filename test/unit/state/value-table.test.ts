import { expect, test } from 'vitest'
import { keyHash } from '#src/kit/key-hash.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { ValueTable } from '#src/state/value-table.js'

function add(table: ValueTable, key: string): void {
  table.add(key, keyHash(key), 0)
  table.values.push(key)
}

function remove(table: ValueTable, key: string): void {
  table.delete(table.keys.find(key, keyHash(key)))
}

test('when entries change while they are gone through, then none that stays is left out, and none that went is met', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed)
    const table = new ValueTable({ shape: undefined })
    const keys = Array.from({ length: 100 }, (_, i) => `key-${i}`)
    for (const key of keys) add(table, key)
    const gone = new Set<string>()
    const met = new Set<string>()
    let added = 0
    for (const position of table.positions()) {
      const key = table.values.at(position) as string
      expect(table.keys.keyAt(position)).toBe(key)
      expect(gone.has(key)).toBe(false)
      met.add(key)
      const other = keys[randomInteger(random, keys.length)]!
      if (random.next() < 0.3 && !gone.has(other)) {
        remove(table, other)
        gone.add(other)
      } else if (added < 300) add(table, `new-${added++}`)
    }
    expect(keys.filter((key) => !gone.has(key) && !met.has(key))).toEqual([])
  }
})

test('when positions are closed up, then what is settled stays with its value', () => {
  const table = new ValueTable({ shape: undefined })
  for (let i = 0; i < 4; i++) table.values.push({ n: table.add(`key-${i}`, keyHash(`key-${i}`), i) })
  remove(table, 'key-0')
  for (let i = 4; i < 8; i++) table.values.push({ n: table.add(`key-${i}`, keyHash(`key-${i}`), i) && i })
  const seen = [...table.positions()].map((at) => [
    table.keys.keyAt(at),
    table.settledFor[at],
    table.values.at(at),
  ])
  expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7].map((i) => [`key-${i}`, i, { n: i }]))
})
