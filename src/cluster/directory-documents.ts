import { join } from 'node:path'
import { type Files, nodeFiles } from '../checkpoint/files.js'
import { isToken } from '../kit/ids.js'
import { type Random, randomToken, systemRandom } from '../kit/random.js'
import { isLastOfDocument, partsOfDocumentName, partsOfFolder, UNFINISHED } from './document-name.js'
import type { Documents } from './state-store.js'

/** Documents as files: `<directory>/<folder>/<name>`. A file has its name only after its bytes are durable. */
export class DirectoryDocuments implements Documents {
  readonly #directory: string
  readonly #files: Files
  readonly #random: Random

  /** `random` only keeps two writers of one document out of each other's unfinished file. */
  constructor(directory: string, files: Files = nodeFiles, random: Random = systemRandom) {
    this.#directory = directory
    this.#files = files
    this.#random = random
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const { folders, last } = partsOfDocumentName(name)
    const folder = join(this.#directory, ...folders)
    await this.#files.createDirectory(folder)
    const unfinished = join(folder, `${last}.${randomToken(this.#random)}${UNFINISHED}`)
    try {
      await this.#files.write(unfinished, [bytes])
      await this.#files.rename(unfinished, join(folder, last))
      await this.#files.syncDirectory(folder)
    } catch (error) {
      await this.#files.remove(unfinished).catch(() => undefined)
      throw error
    }
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const { folders, last } = partsOfDocumentName(name)
    return this.#files.read(join(this.#directory, ...folders, last))
  }

  async list(folder: string): Promise<readonly string[]> {
    const found: string[] = []
    await this.#collect(partsOfFolder(folder), found)
    return found
  }

  async #collect(folders: readonly string[], found: string[]): Promise<void> {
    for (const name of await this.#files.list(join(this.#directory, ...folders))) {
      if (isLastOfDocument(name)) found.push([...folders, name].join('/'))
      else if (isToken(name) && folders.length < 2) await this.#collect([...folders, name], found)
    }
  }

  async delete(name: string): Promise<void> {
    const { folders, last } = partsOfDocumentName(name)
    await this.#files.remove(join(this.#directory, ...folders, last))
    // What is always there need not be made again and again.
    if (folders.length > 1 && (await this.list(folders.join('/'))).length === 0) {
      await this.#clear(join(this.#directory, ...folders))
    }
  }

  /** A folder goes with its last document, and with what writers that crashed have left below it (a log's, too). */
  async #clear(folder: string): Promise<void> {
    for (const name of await this.#files.list(folder)) {
      if (name.endsWith(UNFINISHED)) await this.#files.remove(join(folder, name))
      else if (isToken(name)) await this.#clear(join(folder, name))
    }
    await this.#files.removeEmptyDirectory(folder)
  }
}
