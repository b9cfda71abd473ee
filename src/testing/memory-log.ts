import type { JobLog } from '../cluster/job-log.js'
import type { LogEntry } from '../cluster/log-entry.js'
import { decodeLogEntry, encodeLogEntry } from '../cluster/log-entry-codec.js'
import { outcomeOf } from '../cluster/log-outcome.js'
import { assert } from '../kit/assert.js'
import { isToken, type RunId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'

type Answer = Awaited<ReturnType<JobLog['append']>>

/**
 * The log of one run in memory: what `JobLog` says, but done at once. Entries are kept as the bytes that the real ones
 * keep, so that no reader holds an object of another's, and what JSON drops is dropped here too.
 */
export class MemoryLog {
  readonly #where: string
  /** Oldest first. */
  readonly #kept: Uint8Array[]

  /** @param kept what another one held */
  constructor(run: RunId, kept: readonly Uint8Array[] = []) {
    this.#where = `the log of ${run}`
    this.#kept = kept.map((bytes) => Uint8Array.from(bytes))
  }

  /** A copy of its entries, oldest first. */
  contents(): Uint8Array[] {
    return this.#kept.map((bytes) => Uint8Array.from(bytes))
  }

  read(): readonly LogEntry[] {
    return this.#kept.map((bytes) => decodeLogEntry(bytes, undefined, this.#where))
  }

  append(entry: LogEntry): Answer {
    assert(isToken(entry.nonce), 'a nonce is a token', { nonce: entry.nonce })
    const kept = this.read()
    const last = kept.at(-1)
    const lastPlace = last?.place ?? 0
    if (entry.place <= lastPlace) return outcomeOf(entry, kept) === 'written' ? 'written' : 'taken'
    assert(entry.place === lastPlace + 1, 'an entry has a place that follows none', {
      place: entry.place,
      lastPlace,
    })
    // It follows an entry that never came to stand: its writer has lost already.
    if (last?.nonce !== entry.previous) return 'taken'
    this.#kept.push(encodeLogEntry(entry))
    if (this.#kept.length > LIMITS.logEntriesKept) this.#kept.shift()
    return 'written'
  }
}
