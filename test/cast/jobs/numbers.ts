import { generator, type Source } from 'retake'

export interface Numbered {
  readonly id: number
  readonly key: string
}

export interface NumbersOptions {
  readonly count: string | number | undefined
  /** A second; as fast as they are taken unless said. */
  readonly rate?: string | undefined
  readonly splits?: number
  /** Of the first one. */
  readonly from?: number
}

export const KEYS = 17

/** Numbers from 0 on, of 17 keys. */
export function numbers({ count, rate, splits, from = 0 }: NumbersOptions): Source<Numbered> {
  return generator.source({
    count: count === undefined ? undefined : Number(count),
    ratePerSecond: rate === undefined ? undefined : Number(rate),
    splits,
    make: (_, index) => ({ id: from + index, key: `k${(from + index) % KEYS}` }),
  })
}
