import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'
import { type Bytes, lengthOf } from '../state/bytes.js'
import type { BlobName, Part } from '../state/snapshot.js'
import { partsOfBlobName } from './blob-name.js'
import type { BlobStore } from './blob-store.js'
import { JetStreamObjects, type JetStreamObjectsOptions } from './jetstream-objects.js'
import { checkedBytes } from './part-bytes.js'

/** Blobs as objects `blobs/<run>/<attempt>/<checkpoint>/<name>` of a bucket that all nodes see. */
export class JetStreamBlobStore implements BlobStore {
  readonly #objects: JetStreamObjects
  readonly #bucket: string

  constructor(options: Omit<JetStreamObjectsOptions, 'folder'>) {
    this.#objects = new JetStreamObjects({ ...options, folder: 'blobs' })
    this.#bucket = options.bucket
  }

  async put(name: BlobName, bytes: Bytes): Promise<Part> {
    checkName(name)
    const hash = await this.#objects.put(name, bytes)
    return { blob: name, offset: 0, bytes: lengthOf(bytes), hash: hash.toString('hex') }
  }

  async get(part: Part): Promise<Uint8Array> {
    checkName(part.blob)
    const found = await this.#objects.get(part.blob, part.offset + part.bytes)
    return checkedBytes(part, found?.subarray(part.offset), `${this.#bucket}/blobs/${part.blob}`)
  }

  async delete(names: Iterable<BlobName>): Promise<void> {
    for (const name of names) {
      checkName(name)
      await this.#objects.delete(name)
    }
  }

  async list(prefix: string): Promise<readonly BlobName[]> {
    const path = prefix.split('/')
    assert(path.every(isToken) && path.length <= 3, 'a prefix that names no directory of blobs', { prefix })
    const names = await this.#objects.list(path)
    return names.filter((name): name is BlobName => partsOfBlobName(name) !== undefined)
  }
}

function checkName(name: BlobName): void {
  assert(partsOfBlobName(name) !== undefined, 'a blob has a name that could leave its directory', { name })
}
