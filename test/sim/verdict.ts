/** What became of one seed. */
export interface Verdict {
  readonly seed: number
  /** Empty: all went as promised. */
  readonly violations: readonly string[]
  /** What the faults have hit. A seed in which they hit no decision, no restore or no commit has shown nothing. */
  readonly hit: {
    readonly faults: number
    readonly decisions: number
    readonly restores: number
    readonly commits: number
  }
  /** How often what happened. */
  readonly counts: ReadonlyMap<string, number>
  readonly words: number
  readonly virtualMs: number
}
