import { join } from 'node:path'
import { type Files, nodeFiles } from '../checkpoint/files.js'
import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { JobLog } from './job-log.js'
import type { LogEntry } from './log-entry.js'
import { decodeLogEntry, encodeLogEntry } from './log-entry-codec.js'

const DIGITS = 12
const ENTRY = /^\d{12}\.json$/
const UNFINISHED = '.tmp'

/**
 * A job's log as a directory of numbered files. `link()` gives a durable temporary file the next number and fails if
 * that is taken, on local disks and on NFS alike; `rename()` would replace what stands there.
 *
 * Old entries are pruned, so a writer that slept may link a number below the last one that is kept, where nothing
 * stands any more. Whoever sees a higher number after its own link has therefore lost, unless the entry just above
 * says that it followed this one. What such a writer leaves behind stands apart from the rest and is never read.
 */
export class DirectoryJobLog implements JobLog {
  readonly #directory: string
  readonly #files: Files
  #made = false

  constructor(directory: string, files: Files = nodeFiles) {
    this.#directory = directory
    this.#files = files
  }

  async read(): Promise<readonly LogEntry[]> {
    // A name that is seen but not durable could vanish after somebody has acted on it.
    if ((await this.#places()).length === 0) return []
    await this.#files.syncDirectory(this.#directory)
    for (;;) {
      const places = newestRun(await this.#places())
      const entries = await Promise.all(places.map((place) => this.#entryAt(place)))
      // One was pruned between listing and reading: the listing is old.
      if (entries.every((entry) => entry !== undefined)) return connected(entries)
    }
  }

  /** Whether nothing was ever written. */
  async isEmpty(): Promise<boolean> {
    return (await this.#places()).length === 0
  }

  async append(entry: LogEntry): Promise<'written' | 'taken'> {
    assert(isToken(entry.nonce), 'a nonce is a token', { nonce: entry.nonce })
    if (!this.#made) {
      await this.#files.createDirectory(this.#directory)
      this.#made = true
    }
    const temporary = join(this.#directory, `${entry.nonce}${UNFINISHED}`)
    let linked: 'linked' | 'exists' | 'gone'
    do {
      // After a lost answer this may be the entry itself under its first name: writing into it would change the entry.
      await this.#files.remove(temporary)
      await this.#files.write(temporary, [encodeLogEntry(entry)])
      linked = await this.#files.link(temporary, this.#pathOf(entry.place))
      // Gone: somebody took the log over in between, and removed it as if its writer had crashed.
    } while (linked === 'gone')
    await this.#files.syncDirectory(this.#directory)
    const outcome = await this.#outcomeOf(entry)
    await this.#tidy(temporary, outcome === 'written' ? entry : undefined)
    return outcome
  }

  /** Whose entry stands at the place of `entry`: the nonce tells, also after an answer was lost. */
  async #outcomeOf(entry: LogEntry): Promise<'written' | 'taken'> {
    const standing = await this.#entryAt(entry.place)
    if (standing?.nonce !== entry.nonce) return 'taken'
    const places = await this.#places()
    if (places.every((place) => place <= entry.place)) return 'written'
    const next = await this.#entryAt(entry.place + 1)
    return next?.previous === entry.nonce ? 'written' : 'taken'
  }

  /**
   * Best effort: what stays behind is removed by a later append. Who takes the log over removes what writers that crashed
   * have left; one that still lives writes its entry again, and then has lost.
   */
  async #tidy(temporary: string, written: LogEntry | undefined): Promise<void> {
    try {
      await this.#files.remove(temporary)
      if (written === undefined) return
      for (const name of await this.#files.list(this.#directory)) {
        const isOld = ENTRY.test(name) && Number.parseInt(name, 10) <= written.place - LIMITS.logEntriesKept
        const isLeft = written.event.type === 'leads' && name.endsWith(UNFINISHED)
        if (isOld || isLeft) await this.#files.remove(join(this.#directory, name))
      }
    } catch {
      // The entry is decided; an untidy directory changes nothing.
    }
  }

  async #entryAt(place: number): Promise<LogEntry | undefined> {
    const path = this.#pathOf(place)
    const bytes = await this.#files.read(path)
    return bytes === undefined ? undefined : decodeLogEntry(bytes, place, path)
  }

  /** Ascending. */
  async #places(): Promise<number[]> {
    const names = await this.#files.list(this.#directory)
    return names
      .filter((name) => ENTRY.test(name))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b)
  }

  #pathOf(place: number): string {
    return join(this.#directory, `${String(place).padStart(DIGITS, '0')}.json`)
  }
}

/** The end of `places` that has no hole: what stands below one was pruned, or never counted. */
function newestRun(places: readonly number[]): readonly number[] {
  let first = places.length - 1
  while (first > 0 && places[first - 1] === places[first]! - 1) first--
  return places.slice(Math.max(0, first))
}

/** The end of `entries` in which each was written after the one before: a writer that slept may stand just below. */
function connected(entries: readonly LogEntry[]): readonly LogEntry[] {
  let first = entries.length - 1
  while (first > 0 && entries[first]!.previous === entries[first - 1]!.nonce) first--
  return entries.slice(Math.max(0, first))
}
