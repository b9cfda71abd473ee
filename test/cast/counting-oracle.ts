import { expect } from 'vitest'
import { published } from './cast.js'
import { KEYS, type Numbered } from './jobs/numbers.js'

export interface Count {
  readonly key: string
  readonly count: number
}

/** The job `counting` has published the first `count` numbers, and every count on the way, once each. */
export function expectCounted(output: string, count: number): void {
  const ids = published<Numbered>(`${output}/plain`).map(({ id }) => id)
  expect(sorted(ids)).toEqual(range(count))
  expect(countsByKey(published<Count>(`${output}/counted`))).toEqual(expectedCounts(range(count)))
}

/** The rising counts of each key, as they would come from `ids`. */
export function expectedCounts(ids: readonly number[]): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const id of ids) {
    const key = `k${id % KEYS}`
    const all = counts.get(key) ?? []
    counts.set(key, [...all, all.length + 1])
  }
  return new Map([...counts].sort())
}

export function countsByKey(counted: readonly Count[]): Map<string, number[]> {
  const counts = new Map<string, number[]>()
  for (const { key, count } of counted) counts.set(key, [...(counts.get(key) ?? []), count])
  for (const all of counts.values()) all.sort((a, b) => a - b)
  return new Map([...counts].sort())
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

export function sorted(ids: readonly number[]): number[] {
  return [...ids].sort((a, b) => a - b)
}
