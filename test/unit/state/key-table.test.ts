import { expect, test } from 'vitest'
import { keyHash } from '#src/kit/key-hash.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { KeyTable } from '#src/state/key-table.js'

/** A table with what belongs to its keys in a list beside it: the keys themselves, as they were given. */
class Keys {
  readonly table = new KeyTable((staying) => {
    this.beside = staying.map((position) => this.beside[position]!)
  })
  beside: string[] = []

  find(key: string, hash = keyHash(key)): string | undefined {
    const position = this.table.find(key, hash)
    return position < 0 ? undefined : this.beside[position]
  }

  add(key: string, hash = keyHash(key)): void {
    expect(this.table.add(key, hash)).toBe(this.beside.length)
    this.beside.push(key)
  }

  delete(key: string, hash = keyHash(key)): void {
    this.table.delete(this.table.find(key, hash))
  }

  get all(): string[] {
    const all: string[] = []
    for (let position = 0; position < this.table.length; position++) {
      if (this.table.keyAt(position) === undefined) continue
      expect(this.table.keyAt(position)).toBe(this.beside[position])
      all.push(this.beside[position]!)
    }
    return all
  }
}

test('when keys come and go, then each is found that a Set would have, in the order in which they came', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = seededRandom(seed)
    const keys = new Keys()
    const model = new Set<string>()
    for (let step = 0; step < 2_000; step++) {
      const key = `key-${randomInteger(random, 200)}`
      const found = keys.find(key)
      expect(found).toBe(model.has(key) ? key : undefined)
      if (found === undefined) {
        keys.add(key)
        model.add(key)
      } else if (random.next() < 0.6) {
        keys.delete(key)
        model.delete(key)
      }
    }
    expect(keys.table.size).toBe(model.size)
    expect(keys.all).toEqual([...model])
  }
})

test('when keys have one hash, then each is found by itself, also behind one that is gone', () => {
  const keys = new Keys()
  const all = Array.from({ length: 50 }, (_, i) => `key-${i}`)
  for (const key of all) keys.add(key, -7)
  keys.delete('key-0', -7)
  expect(all.map((key) => keys.find(key, -7))).toEqual([undefined, ...all.slice(1)])
  expect(keys.find('key-50', -7)).toBeUndefined()
})

test('when it is filled and emptied over and over, then it does not grow', () => {
  const keys = new Keys()
  for (let i = 0; i < 10_000; i++) {
    keys.add(`key-${i}`)
    keys.delete(`key-${i}`)
  }
  expect(keys.table.size).toBe(0)
  expect(keys.all).toEqual([])
  expect(keys.table.length).toBeLessThanOrEqual(16)
})
