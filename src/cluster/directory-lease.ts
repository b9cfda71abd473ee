import { join } from 'node:path'
import { type Files, nodeFiles } from '../checkpoint/files.js'
import { type Random, randomToken, systemRandom } from '../kit/random.js'
import { UNFINISHED } from './document-name.js'
import type { Lease, LeaseHolder, LeaseStore } from './lease.js'
import { decodeLeaseHolder, encodeLeaseHolder } from './lease-codec.js'

const DIGITS = 12
const LEASE = /^\d{12}\.json$/

/**
 * The lease as the file of the highest number, which is its revision. As in `DirectoryJobLog`, `link()` gives a file the
 * next number and fails if that is taken; older ones are removed, so a writer that slept may link a number which is free
 * again, and whoever sees a higher number after its own `link()` has lost.
 */
export class DirectoryLease implements LeaseStore {
  readonly #directory: string
  readonly #files: Files
  readonly #random: Random

  /** `random` only keeps two writers out of each other's unfinished file. */
  constructor(directory: string, files: Files = nodeFiles, random: Random = systemRandom) {
    this.#directory = directory
    this.#files = files
    this.#random = random
  }

  async read(): Promise<Lease | undefined> {
    for (;;) {
      const revision = await this.#newest()
      if (revision === 0) return undefined
      const bytes = await this.#files.read(this.#pathOf(revision))
      if (bytes !== undefined) return { revision, holder: decodeLeaseHolder(bytes) }
      // It was removed between listing and reading: there is a newer one.
    }
  }

  async write(holder: LeaseHolder, after: number): Promise<number | 'taken'> {
    await this.#files.createDirectory(this.#directory)
    const revision = after + 1
    const unfinished = join(this.#directory, `${randomToken(this.#random)}${UNFINISHED}`)
    let linked: 'linked' | 'exists' | 'gone'
    do {
      if ((await this.#newest()) !== after) return 'taken'
      await this.#files.write(unfinished, [encodeLeaseHolder(holder)])
      linked = await this.#files.link(unfinished, this.#pathOf(revision))
      // Gone: who wrote the one before tidies up, and took it for what a crash has left.
    } while (linked === 'gone')
    await this.#files.syncDirectory(this.#directory)
    const isWritten = linked === 'linked' && (await this.#newest()) === revision
    await this.#tidy(unfinished, isWritten ? revision : undefined)
    return isWritten ? revision : 'taken'
  }

  /** Best effort: what stays behind is removed by a later write. Who has written removes what others have left, too. */
  async #tidy(unfinished: string, written: number | undefined): Promise<void> {
    try {
      await this.#files.remove(unfinished)
      if (written === undefined) return
      for (const name of await this.#files.list(this.#directory)) {
        const isOld = LEASE.test(name) && Number.parseInt(name, 10) < written
        if (isOld || name.endsWith(UNFINISHED)) await this.#files.remove(join(this.#directory, name))
      }
    } catch {
      // It is decided who has it; an untidy directory changes nothing.
    }
  }

  /** The highest number that is there; 0: none. */
  async #newest(): Promise<number> {
    const names = await this.#files.list(this.#directory)
    return Math.max(0, ...names.filter((name) => LEASE.test(name)).map((name) => Number.parseInt(name, 10)))
  }

  #pathOf(revision: number): string {
    return join(this.#directory, `${String(revision).padStart(DIGITS, '0')}.json`)
  }
}
