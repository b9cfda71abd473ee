/**
 * What travels in a generated job, and what its functions do to it. A row's `id` says all that is in it: whatever
 * changes a row gives it another id, so that two rows of one id are equal, wherever they come from.
 */
export interface Row {
  readonly id: string
  readonly key: number
  /** Whole and above 0: totals only rise. */
  readonly value: number
}

const VALUES = 97

export interface Mapping {
  readonly times: number
  readonly plus: number
  /** Keys are folded into so many. */
  readonly keys?: number
}

export function mapped({ id, key, value }: Row, node: string, { times, plus, keys }: Mapping): Row {
  return {
    id: `${id}.${node}`,
    key: keys === undefined ? key : key % keys,
    value: ((value * times + plus) % VALUES) + 1,
  }
}

export interface Sieve {
  readonly modulo: number
  readonly dropped: number
}

export function isKept({ value }: Row, { modulo, dropped }: Sieve): boolean {
  return value % modulo !== dropped
}

/** None, one or several, by value: 0 … `most`. */
export function copies({ id, key, value }: Row, node: string, most: number): readonly Row[] {
  return Array.from({ length: value % (most + 1) }, (_, i) => ({ id: `${id}.${node}/${i}`, key, value }))
}

/** The `n`th row that `node` had of `key`. Which row it was depends on their order, so it is not told. */
export function risen(node: string, key: number, n: number): Row {
  return { id: `${node}:${key}#${n}`, key, value: n }
}

/** Where a key stands. Such rows are told apart by key and value alone. */
export function level(key: number, value: number): Row {
  return { id: '', key, value }
}

export type Combining = 'total' | 'highest' | 'lowest'

/** What `held` and another value of a key become. */
export function combined(held: number | null, value: number, how: Combining): number {
  if (held === null) return value
  switch (how) {
    case 'total':
      return held + value
    case 'highest':
      return Math.max(held, value)
    case 'lowest':
      return Math.min(held, value)
  }
}
