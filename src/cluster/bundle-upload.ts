import { errorInfoOf, RetakeError } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import { isCount, isText, misfitOf, type Shape } from '../kit/shape.js'
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

  /** The whole, once its last piece is there. Throws RT1109 for what is no piece, or becomes no bundle. */
  add(piece: BundlePiece): UploadedBundle | undefined {
    const misfit = misfitOf('piece', piece, PIECE)
    if (misfit !== undefined) throw noBundle(`${misfit} is not what it must be`)
    const { hash, index, pieces, bytes } = piece
    if (index >= pieces) throw noBundle(`it has a piece ${index} of ${pieces}`)
    const parts = this.#begun.get(hash) ?? []
    this.#begun.delete(hash)
    this.#begun.set(hash, parts)
    const [oldest] = this.#begun.keys()
    if (this.#begun.size > LIMITS.uploads && oldest !== undefined) this.#begun.delete(oldest)
    parts[index] = bytes
    for (let i = 0; i < pieces; i++) if (parts[i] === undefined) return undefined
    this.#begun.delete(hash)
    return { ...bundleOf(Buffer.concat(parts.slice(0, pieces))), hash }
  }
}

const PIECES_MAX = (LIMITS.bundleBytesMax * 4) / LIMITS.uploadBytes

const PIECE: Shape = {
  hash: isText,
  index: isCount,
  pieces: (value) => isCount(value) && value <= PIECES_MAX,
  bytes: (value) => value instanceof Uint8Array,
}

function bundleOf(bytes: Buffer): Omit<UploadedBundle, 'hash'> {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw noBundle(`it is not JSON (${errorInfoOf(error).message})`)
  }
  const misfit = misfitOf('bundle', value, { code: isText, map: isText })
  if (misfit !== undefined) throw noBundle(`${misfit} is not what it must be`)
  const { code, map } = value as Omit<UploadedBundle, 'hash'>
  return { code, map }
}

function noBundle(why: string): RetakeError {
  return new RetakeError('RT1109', {
    what: 'what was uploaded is no bundle',
    why,
    fix: 'submit the job again, with the version of Retake that the cluster runs',
  })
}
