import { expect, test } from 'vitest'
import { NumberedTable } from '#src/actor/numbered-table.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'

test('when something is long under way, then its number stays its own, however many come and go meanwhile', () => {
  const table = new NumberedTable<{ number: number; name: string }>()
  const slow = { number: table.nextNumber(), name: 'slow' }
  table.add(slow)
  const given = new Set([slow.number])
  for (let i = 0; i < 1_000; i++) {
    const number = table.nextNumber()
    expect(given.has(number)).toBe(false)
    given.add(number)
    table.add({ number, name: 'quick' })
    expect(table.get(slow.number)).toBe(slow)
    table.delete(number)
    expect(table.get(number)).toBeUndefined()
  }
  expect(table.all()).toEqual([slow])
})

test('when much is under way, then all of it is found, in the order in which it began', () => {
  const table = new NumberedTable<{ number: number }>()
  const model = new Map<number, { number: number }>()
  const random = seededRandom(1)
  for (let i = 0; i < 5_000; i++) {
    const oldest = [...model.keys()][randomInteger(random, model.size + 1)]
    if (oldest !== undefined && random.next() < 0.4) {
      table.delete(oldest)
      model.delete(oldest)
    } else {
      const element = { number: table.nextNumber() }
      table.add(element)
      model.set(element.number, element)
    }
  }
  expect(table.size).toBe(model.size)
  expect(table.all()).toEqual([...model.values()])
  for (const [number, element] of model) expect(table.get(number)).toBe(element)
})

test('when a number is none that was given, then nothing is found', () => {
  const table = new NumberedTable<{ number: number }>()
  const number = table.nextNumber()
  table.add({ number })
  for (const stranger of [0, -1, Number.NaN, number + 64, number + 0.5]) {
    expect(table.get(stranger)).toBeUndefined()
    table.delete(stranger)
  }
  expect(table.size).toBe(1)
})
