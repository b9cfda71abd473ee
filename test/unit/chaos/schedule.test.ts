import { expect, test } from 'vitest'
import { scheduleOf } from '../../chaos/schedule.js'

const KINDS = [
  { name: 'often', weight: 3 },
  { name: 'sometimes', weight: 2 },
  { name: 'seldom', weight: 1 },
]
const OPTIONS = { kinds: KINDS, seed: 7, fromMs: 15_000, untilMs: 615_000, everyMs: 10_000 }

test('when it is drawn, then one fault comes at a time, from the first moment on and before the last', () => {
  const planned = scheduleOf(OPTIONS)

  expect(planned.map(({ number }) => number)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
  expect(planned.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 60 }, (_, i) => 15_000 + i * 10_000))
})

test('when the seed is the same, then so is all that happens, and with another it is not', () => {
  const names = (seed: number) => scheduleOf({ ...OPTIONS, seed }).map(({ kind }) => kind.name)

  expect(scheduleOf(OPTIONS)).toEqual(scheduleOf(OPTIONS))
  expect(names(8)).not.toEqual(names(7))
})

test('when a deck is dealt, then each kind has come as often as its weight says', () => {
  const planned = scheduleOf(OPTIONS)
  for (let from = 0; from < planned.length; from += 6) {
    const deck = planned.slice(from, from + 6).map(({ kind }) => kind.name)
    expect(deck.toSorted()).toEqual(['often', 'often', 'often', 'seldom', 'sometimes', 'sometimes'])
  }
})

test('when decks follow one another, then they are shuffled each for itself', () => {
  const names = scheduleOf(OPTIONS).map(({ kind }) => kind.name)
  const decks = Array.from({ length: 10 }, (_, i) => names.slice(i * 6, i * 6 + 6).join())
  expect(new Set(decks).size).toBeGreaterThan(5)
})

test('when faults of one kind are planned, then each draws its own target', () => {
  const seeds = scheduleOf(OPTIONS).map(({ seed }) => seed)
  expect(new Set(seeds).size).toBe(seeds.length)
})

test('when nothing can happen, or there is no time for it, then nothing is planned', () => {
  expect(scheduleOf({ ...OPTIONS, kinds: [] })).toEqual([])
  expect(scheduleOf({ ...OPTIONS, untilMs: OPTIONS.fromMs })).toEqual([])
})
