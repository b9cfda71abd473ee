/** Of several times. */
export interface Spread {
  readonly count: number
  readonly median: number
  readonly p95: number
  readonly worst: number
}

/** Undefined of nothing. Each is a value that was measured, none lies between two. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!
  return { count: sorted.length, median: at(0.5), p95: at(0.95), worst: at(1) }
}
