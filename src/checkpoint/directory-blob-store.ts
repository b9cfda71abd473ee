import { createHash, type Hash } from 'node:crypto'
import { dirname, join, resolve } from 'node:path'
import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'
import { type Bytes, cutInto, lengthOf } from '../state/bytes.js'
import type { BlobName, Part } from '../state/snapshot.js'
import { partsOfBlobName } from './blob-name.js'
import type { BlobStore } from './blob-store.js'
import { type Files, nodeFiles } from './files.js'
import { checkedBytes } from './part-bytes.js'

const UNFINISHED = '.tmp'
/** What is hashed and handed to the system in one turn: about a millisecond's work. */
const WRITE_BYTES = 1024 * 1024
/** Directories remembered as durable; forgetting costs no more than a sync. */
const MADE_MAX = 1_000

/**
 * Blobs as files of a directory that all nodes see: `<directory>/<run>/<attempt>/<checkpoint>/<name>`. A file has its
 * name only after its bytes are durable, so that a crash leaves either a whole blob or an unfinished one that nobody
 * names. What a full disk refuses is removed again: it fails one checkpoint and loses nothing.
 */
export class DirectoryBlobStore implements BlobStore {
  readonly #directory: string
  readonly #files: Files
  /** Directories that this store has made durable already. */
  readonly #made = new Set<string>()

  constructor(directory: string, files: Files = nodeFiles) {
    this.#directory = resolve(directory)
    this.#files = files
  }

  async put(name: BlobName, bytes: Bytes): Promise<Part> {
    const path = this.#pathOf(name)
    let hash: string
    try {
      hash = await this.#write(path, bytes)
    } catch (error) {
      // A directory that was emptied is removed; whoever still writes into it makes it anew.
      if ((await this.#files.list(dirname(path))).length > 0) throw error
      this.#made.clear()
      hash = await this.#write(path, bytes)
    }
    return { blob: name, offset: 0, bytes: lengthOf(bytes), hash }
  }

  /** Gives the sha256. */
  async #write(path: string, bytes: Bytes): Promise<string> {
    const directory = dirname(path)
    await this.#makeDirectory(directory)
    const unfinished = path + UNFINISHED
    try {
      const hash = createHash('sha256')
      await this.#files.write(unfinished, hashed(cutInto(bytes, WRITE_BYTES), hash))
      await this.#files.rename(unfinished, path)
      await this.#files.syncDirectory(directory)
      return hash.digest('hex')
    } catch (error) {
      await this.#files.remove(unfinished).catch(() => undefined)
      throw error
    }
  }

  /** Durable by our own sync, also where another thread made it first: that one may not have come so far. */
  async #makeDirectory(directory: string): Promise<void> {
    if (this.#made.has(directory)) return
    if (directory !== this.#directory) await this.#makeDirectory(dirname(directory))
    await this.#files.createDirectory(directory)
    await this.#files.syncDirectory(dirname(directory))
    if (this.#made.size >= MADE_MAX) this.#made.clear()
    this.#made.add(directory)
  }

  async get(part: Part): Promise<Uint8Array> {
    const path = this.#pathOf(part.blob)
    return checkedBytes(part, await this.#files.readRange(path, part.offset, part.bytes), path)
  }

  async delete(names: Iterable<BlobName>): Promise<void> {
    const directories = new Set<string>()
    for (const name of names) {
      const path = this.#pathOf(name)
      await this.#files.remove(path)
      directories.add(dirname(path))
    }
    for (const directory of directories) await this.#files.removeEmptyDirectory(directory)
  }

  async list(prefix: string): Promise<readonly BlobName[]> {
    const path = prefix.split('/')
    assert(path.every(isToken) && path.length <= 3, 'a prefix that names no directory of blobs', { prefix })
    const found: BlobName[] = []
    await this.#collect(path, found)
    return found
  }

  async #collect(path: readonly string[], found: BlobName[]): Promise<void> {
    for (const entry of await this.#files.list(join(this.#directory, ...path))) {
      if (path.length < 3) {
        if (isToken(entry)) await this.#collect([...path, entry], found)
      } else if (partsOfBlobName([...path, entry].join('/')) !== undefined) {
        found.push([...path, entry].join('/') as BlobName)
      }
    }
  }

  #pathOf(name: BlobName): string {
    assert(partsOfBlobName(name) !== undefined, 'a blob has a name that could leave its directory', { name })
    return join(this.#directory, ...name.split('/'))
  }
}

/** Hashes each piece when it is taken. */
function* hashed(pieces: Iterable<Uint8Array>, hash: Hash): Generator<Uint8Array, void> {
  for (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
}
