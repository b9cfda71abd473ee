import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { assert } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import { isToken } from '../kit/ids.js'
import type { BlobName, Part } from '../state/snapshot.js'
import { partsOfBlobName } from './blob-name.js'
import type { BlobStore } from './blob-store.js'
import { type Files, nodeFiles } from './files.js'

const UNFINISHED = '.tmp'

/**
 * Blobs as files of a directory that all nodes see: `<directory>/<run>/<attempt>/<checkpoint>/<name>`. A file has its
 * name only after its bytes are durable, so that a crash leaves either a whole blob or an unfinished one that nobody
 * names. What a full disk refuses is removed again: it fails one checkpoint and loses nothing.
 */
export class DirectoryBlobStore implements BlobStore {
  readonly #directory: string
  readonly #files: Files
  /** Directories that this process has made durable already. */
  readonly #made = new Set<string>()

  constructor(directory: string, files: Files = nodeFiles) {
    this.#directory = directory
    this.#files = files
  }

  async put(name: BlobName, bytes: Uint8Array): Promise<Part> {
    const path = this.#pathOf(name)
    const directory = dirname(path)
    const hash = hashOf(bytes)
    if (!this.#made.has(directory)) {
      await this.#files.createDirectory(directory)
      this.#made.add(directory)
    }
    const unfinished = path + UNFINISHED
    try {
      await this.#files.write(unfinished, bytes)
      await this.#files.rename(unfinished, path)
      await this.#files.syncDirectory(directory)
    } catch (error) {
      this.#made.delete(directory)
      await this.#files.remove(unfinished).catch(() => undefined)
      throw error
    }
    return { blob: name, offset: 0, bytes: bytes.length, hash }
  }

  async get(part: Part): Promise<Uint8Array> {
    const path = this.#pathOf(part.blob)
    const bytes = await this.#files.readRange(path, part.offset, part.bytes)
    if (bytes === undefined) throw damaged(path, 'it is not there')
    if (bytes.length !== part.bytes) {
      throw damaged(path, `it ends after ${part.offset + bytes.length} bytes of ${part.offset + part.bytes}`)
    }
    const hash = hashOf(bytes)
    if (hash !== part.hash) throw damaged(path, `its sha256 is ${hash}, but ${part.hash} was written`)
    return bytes
  }

  async delete(names: Iterable<BlobName>): Promise<void> {
    for (const name of names) await this.#files.remove(this.#pathOf(name))
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

export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged(path: string, why: string): RetakeError {
  return new RetakeError('RT1203', {
    what: `${path}, a part of a checkpoint, cannot be used`,
    why,
    fix: 'restore that file from a copy, or start a new run from an older checkpoint (--from-checkpoint)',
    where: path,
  })
}
