import { RetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'

/** Words that the skew is taken from: the one that was under way for the shortest time counts. */
const WORDS = 5

/**
 * How far another machine's clock is ahead of ours, from the times of day that it tells. A word that takes long makes
 * that clock look late, never early, so of the last few the earliest-looking one is nearest to the truth.
 */
export class ClockSkew {
  readonly #words: number[] = []

  /** `theirs` stood in a word that came when our clock said `ours`; milliseconds since 1970. */
  onHeard(theirs: number, ours: number): void {
    this.#words.push(theirs - ours)
    if (this.#words.length > WORDS) this.#words.shift()
  }

  /** Milliseconds; 0 before anything was heard. */
  get ms(): number {
    return this.#words.length === 0 ? 0 : Math.max(...this.#words)
  }

  /** Too few words tell nothing: the only one may have been under way for long. */
  get isTooLarge(): boolean {
    return this.#words.length === WORDS && Math.abs(this.ms) > LIMITS.clockSkewMs
  }
}

export function clocksDiffer(name: string, leader: string, skewMs: number): RetakeError {
  const direction = skewMs > 0 ? 'ahead of' : 'behind'
  return new RetakeError('RT1519', {
    what: `the clock of ${name} is ${Math.abs(Math.round(skewMs))} ms ${direction} that of the job manager on ${leader}`,
    why: 'nothing is decided by it, but times that are shown, and times that jobs read, differ by as much',
    fix: 'have both machines keep their time by NTP (chrony, systemd-timesyncd)',
    where: name,
  })
}
