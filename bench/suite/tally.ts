import type { Verdict } from '../verdict.js'
import type { Outcome } from './session.js'

/** What `--check` counts, and names where it did not pass: `failed …` and `skipped …`, as `npm test` reads them. */
export class Tally {
  #passed = 0
  readonly #failed: string[] = []
  readonly #skipped: string[] = []

  constructor(readonly areServersRequired: boolean) {}

  /** One for the benchmark that ran, one for each floor, and a skip for each contender that is absent. */
  count(outcome: Outcome): void {
    if (outcome.kind === 'failed') {
      this.#failed.push(`${outcome.name}: ${outcome.error.message}`)
      return
    }
    const { name, contenders, absent, targets } = outcome.report
    for (const { name: who, why } of absent) this.#skipped.push(`${name}: ${who}: ${why}`)
    if (contenders.length > 0) this.#passed++
    else if (this.areServersRequired) this.#failed.push(`${name}: none of its contenders can be had`)
    for (const { target, isKept } of targets) {
      if (isKept === true) this.#passed++
      else if (isKept === false) this.#failed.push(`${name}: ${target}`)
    }
  }

  countVerdict({ promise, isKept, found }: Verdict): void {
    if (isKept) this.#passed++
    else this.#failed.push(`${promise}: ${found}`)
  }

  get hasFailed(): boolean {
    return this.#failed.length > 0
  }

  lines(): string[] {
    return [
      ...this.#failed.map((what) => `failed ${what}`),
      ...this.#skipped.map((what) => `skipped ${what}`),
      `${this.#passed} passed, ${this.#failed.length} failed, ${this.#skipped.length} skipped`,
    ]
  }
}
