/** What a benchmark promises, and whether it is so. */
export interface Verdict {
  readonly promise: string
  readonly isKept: boolean
  /** What was measured. */
  readonly found: string
}
