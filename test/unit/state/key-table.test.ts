import { expect, test } from 'vitest'
import { keyHash } from '#src/kit/key-hash.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { KeyTable } from '#src/state/key-table.js'

interface Entry {
  readonly key: string
  readonly hash: number
}

const entry = (key: string, hash = keyHash(key)): Entry => ({ key, hash })

test('when entries come and go, then each is found that a Map would have, in the order in which they came', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const table = new KeyTable<Entry>()
    const model = new Map<string, Entry>()
    for (let step = 0; step < 2_000; step++) {
      const key = `key-${randomInteger(random, 200)}`
      const found = table.find(key, keyHash(key))
      expect(found).toBe(model.get(key))
      if (found === undefined) {
        const added = entry(key)
        table.add(added)
        model.set(key, added)
      } else if (random.next() < 0.6) {
        table.delete(found)
        model.delete(key)
      }
    }
    expect(table.size).toBe(model.size)
    expect([...table.entries()]).toEqual([...model.values()])
  }
})

test('when keys have one hash, then each is found by itself, also behind one that is gone', () => {
  const table = new KeyTable<Entry>()
  const entries = Array.from({ length: 50 }, (_, i) => entry(`key-${i}`, -7))
  for (const each of entries) table.add(each)
  table.delete(entries[0]!)
  expect(entries.map(({ key, hash }) => table.find(key, hash))).toEqual([undefined, ...entries.slice(1)])
  expect(table.find('key-50', -7)).toBeUndefined()
})

test('when entries change while they are gone through, then none that stays is left out, and none that went is met', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const random = seededRandom(seed)
    const table = new KeyTable<Entry>()
    const entries = Array.from({ length: 100 }, (_, i) => entry(`key-${i}`))
    for (const each of entries) table.add(each)
    const gone = new Set<Entry>()
    const met = new Set<Entry>()
    let added = 0
    for (const each of table.entries()) {
      expect(gone.has(each)).toBe(false)
      met.add(each)
      const other = entries[randomInteger(random, entries.length)]!
      if (random.next() < 0.3 && !gone.has(other)) {
        table.delete(other)
        gone.add(other)
      } else if (added < 300) table.add(entry(`new-${added++}`))
    }
    const stayed = entries.filter((each) => !gone.has(each))
    expect(stayed.filter((each) => !met.has(each))).toEqual([])
  }
})

test('when it is filled and emptied over and over, then it does not grow', () => {
  const table = new KeyTable<Entry>()
  for (let i = 0; i < 10_000; i++) {
    const passing = entry(`key-${i}`)
    table.add(passing)
    table.delete(passing)
  }
  expect(table.size).toBe(0)
  expect([...table.entries()]).toEqual([])
  expect(table.places).toBeLessThanOrEqual(16)
})
