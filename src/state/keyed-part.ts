import { crc32 } from 'node:zlib'
import { RetakeError } from '../kit/errors.js'
import type { KeyType } from '../kit/key.js'
import { isCount, isPositive, isText, listOf, misfitOf, optional, type Shape } from '../kit/shape.js'
import { packValue, unpackValue } from '../record/value-codec.js'

/**
 * The bytes of a KeyedPart: keyed state and timers of one operator on one subtask, or some of them, in chunks of one key
 * group each, so that a restore at another parallelism decodes only the groups it needs. Little-endian:
 *
 *      0  u32  magic 0x534b5452 ('RTKS')
 *      4  u16  version, 3
 *      6  u16  zero
 *      8  u32  length of the index
 *     12  u32  crc32 of the index
 *     16  …    index (msgpack): max parallelism, type of the keys, names of the states,
 *              and for each chunk its group, offset behind the index, length and crc32
 *      …  …    the chunks, each as `GroupChunk` writes it
 *
 * What another Retake wrote is refused (RT1221), and so is what was not written here (RT1203).
 */
export interface KeyedPartContent {
  readonly maxParallelism: number
  /** Undefined as long as no key has been seen. */
  readonly keyType: KeyType | undefined
  /** Chunks name a state by its position here. */
  readonly states: readonly string[]
  /** Of one group there may be several, and no entry is in two. */
  readonly chunks: readonly EncodedChunk[]
}

export interface EncodedChunk {
  readonly group: number
  readonly bytes: Uint8Array
  readonly crc: number
}

const MAGIC = 0x534b5452
const VERSION = 3
const HEADER_BYTES = 16

type IndexEntry = readonly [group: number, offset: number, length: number, crc: number]
type Index = readonly [
  maxParallelism: number,
  keyType: KeyType | undefined,
  states: readonly string[],
  chunks: readonly IndexEntry[],
]

/** The bytes in pieces, to be written one after the other: nothing is copied. */
export function writeKeyedPart({ maxParallelism, keyType, states, chunks }: KeyedPartContent): Uint8Array[] {
  let end = 0
  const entries = chunks.map(({ group, bytes, crc }): IndexEntry => {
    const offset = end
    end += bytes.byteLength
    return [group, offset, bytes.byteLength, crc]
  })
  const index: Uint8Array = packValue([maxParallelism, keyType, states, entries] satisfies Index)
  const head = new Uint8Array(HEADER_BYTES + index.byteLength)
  const view = new DataView(head.buffer)
  view.setUint32(0, MAGIC, true)
  view.setUint16(4, VERSION, true)
  view.setUint32(8, index.byteLength, true)
  view.setUint32(12, crc32(index), true)
  head.set(index, HEADER_BYTES)
  return [head, ...chunks.map(({ bytes }) => bytes)]
}

/**
 * Reads the index, and of the chunks those of groups from `first` to `last`.
 * @param name of the part, for errors
 */
export function readKeyedPart(
  part: Uint8Array,
  name: string,
  { first, last }: { readonly first: number; readonly last: number },
): KeyedPartContent {
  const [maxParallelism, keyType, states, entries, dataAt] = readIndex(part, name)
  const chunks: EncodedChunk[] = []
  for (const [group, offset, length, crc] of entries) {
    if (group < first || group > last) continue
    const bytes = part.subarray(dataAt + offset, dataAt + offset + length)
    if (bytes.byteLength !== length || crc32(bytes) !== crc)
      throw damaged(name, `key group ${group} is not what was written`)
    chunks.push({ group, bytes, crc })
  }
  return { maxParallelism, keyType, states, chunks }
}

function readIndex(part: Uint8Array, name: string): readonly [...Index, dataAt: number] {
  if (part.byteLength < HEADER_BYTES) throw damaged(name, `it has ${part.byteLength} bytes`)
  const view = new DataView(part.buffer, part.byteOffset, part.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw damaged(name, 'it does not begin as keyed state does')
  const version = view.getUint16(4, true)
  if (version !== VERSION) throw unknownVersion(name, version)
  const length = view.getUint32(8, true)
  const bytes = part.subarray(HEADER_BYTES, HEADER_BYTES + length)
  if (bytes.byteLength !== length || crc32(bytes) !== view.getUint32(12, true)) {
    throw damaged(name, 'its index is not what was written')
  }
  return [...indexOf(bytes, name), HEADER_BYTES + length]
}

function indexOf(bytes: Uint8Array, name: string): Index {
  let index: unknown
  try {
    index = unpackValue(bytes)
  } catch (cause) {
    throw damaged(name, 'its index cannot be read', cause)
  }
  const [maxParallelism, keyType, states, chunks] = Array.isArray(index) ? index : []
  const misfit = misfitOf('index', { maxParallelism, keyType, states, chunks }, INDEX)
  if (misfit !== undefined) throw damaged(name, `${misfit} is not what it must be`)
  return [maxParallelism, keyType, states, chunks]
}

const INDEX: Shape = {
  maxParallelism: isPositive,
  keyType: optional(isText),
  states: listOf(isText),
  chunks: listOf((entry) => Array.isArray(entry) && entry.length === 4 && entry.every(isCount)),
}

export function damaged(name: string, seen: string, cause?: unknown): RetakeError {
  return new RetakeError('RT1203', {
    what: `the part ${name} is damaged: ${seen}`,
    why: 'its bytes in the store were changed or cut after they were written',
    fix: 'start from an older checkpoint with --from-checkpoint, and look at the disk or the store',
    where: name,
    cause,
  })
}

function unknownVersion(name: string, version: number): RetakeError {
  return new RetakeError('RT1221', {
    what: `the part ${name} has version ${version} of keyed state, and this Retake reads ${VERSION}`,
    why: 'it was written by another version of Retake',
    fix: 'run the version that wrote it, or a newer one',
    where: name,
  })
}
