import { partsOfBlobName } from '../checkpoint/blob-name.js'
import { checkedBytes, hashOf } from '../checkpoint/part-bytes.js'
import { assert } from '../kit/assert.js'
import { isToken } from '../kit/ids.js'
import type { BlobName, Part } from '../state/snapshot.js'
import { copiedContents } from './copied-contents.js'

/** Blobs in memory: what `BlobStore` says, but done at once. Bytes are copied on their way in and out. */
export class MemoryBlobs {
  readonly #blobs: Map<BlobName, Uint8Array>

  /** @param contents what others held */
  constructor(contents: Iterable<readonly [BlobName, Uint8Array]> = []) {
    this.#blobs = copiedContents(contents)
  }

  /** A copy of all, in the order in which they were put first. */
  contents(): (readonly [BlobName, Uint8Array])[] {
    return [...copiedContents(this.#blobs)]
  }

  put(name: BlobName, bytes: Uint8Array): Part {
    checkName(name)
    this.#blobs.set(name, Uint8Array.from(bytes))
    return { blob: name, offset: 0, bytes: bytes.length, hash: hashOf(bytes) }
  }

  /** Throws RT1203, as the real ones do. */
  get(part: Part): Uint8Array {
    checkName(part.blob)
    const found = this.#blobs.get(part.blob)?.slice(part.offset, part.offset + part.bytes)
    return checkedBytes(part, found, part.blob)
  }

  has(name: BlobName): boolean {
    return this.#blobs.has(name)
  }

  delete(name: BlobName): void {
    checkName(name)
    this.#blobs.delete(name)
  }

  /** In the order in which they were put first. */
  list(prefix: string): readonly BlobName[] {
    const path = prefix.split('/')
    assert(path.every(isToken) && path.length <= 3, 'a prefix that names no directory of blobs', { prefix })
    return [...this.#blobs.keys()].filter((name) => name.startsWith(`${prefix}/`))
  }
}

function checkName(name: BlobName): void {
  assert(partsOfBlobName(name) !== undefined, 'a blob has a name that could leave its directory', { name })
}
