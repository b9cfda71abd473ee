import { assert } from '../kit/assert.js'
import { LIMITS } from '../kit/limits.js'
import type { JobBundle } from './job-bundle.js'

export type UploadedBundle = Pick<JobBundle, 'code' | 'map' | 'hash'>

/** A part of a bundle on its way to the job manager: larger than a message, it goes in pieces, each answered. */
export interface BundlePiece {
  readonly hash: string
  /** 0, 1, 2 … of `pieces`. */
  readonly index: number
  readonly pieces: number
  readonly bytes: Uint8Array
}

/** The pieces of `bundle`, in the order in which they are sent. */
export function piecesOf({ code, map, hash }: UploadedBundle): readonly BundlePiece[] {
  const bytes = new TextEncoder().encode(JSON.stringify({ code, map }))
  const pieces = Math.ceil(bytes.length / LIMITS.uploadBytes)
  return Array.from({ length: pieces }, (_, index) => {
    const begin = index * LIMITS.uploadBytes
    return { hash, index, pieces, bytes: bytes.slice(begin, begin + LIMITS.uploadBytes) }
  })
}

/** Puts bundles together from pieces, which may come twice. Begun ones that are not gone on with give way to others. */
export class BundleUploads {
  readonly #begun = new Map<string, Uint8Array[]>()

  /** The whole, once its last piece is there. */
  add({ hash, index, pieces, bytes }: BundlePiece): UploadedBundle | undefined {
    const limit = (LIMITS.bundleBytesMax * 4) / LIMITS.uploadBytes
    assert(index < pieces && pieces <= limit, 'a piece of a bundle', { index, pieces })
    const parts = this.#begun.get(hash) ?? []
    this.#begun.delete(hash)
    this.#begun.set(hash, parts)
    const [oldest] = this.#begun.keys()
    if (this.#begun.size > LIMITS.uploads && oldest !== undefined) this.#begun.delete(oldest)
    parts[index] = bytes
    for (let i = 0; i < pieces; i++) if (parts[i] === undefined) return undefined
    this.#begun.delete(hash)
    const { code, map } = JSON.parse(Buffer.concat(parts).toString('utf8')) as Omit<UploadedBundle, 'hash'>
    return { code, map, hash }
  }
}
