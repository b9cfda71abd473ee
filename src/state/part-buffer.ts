import { crc32 } from 'node:zlib'
import { LIMITS } from '../kit/limits.js'
import type { EncodedChunk } from './keyed-part.js'

const FIRST_BYTES = 16 * 1024

/** Where the chunks of one part are gathered, side by side. When the part is stored, the next one is gathered here. */
export class PartBuffer {
  #bytes = new Uint8Array(FIRST_BYTES)
  #length = 0
  #chunks: { readonly group: number; readonly start: number; readonly end: number; readonly crc: number }[] =
    []

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  /** It may not have room for another chunk. */
  get isFull(): boolean {
    return this.#length + LIMITS.captureBytes > LIMITS.keyedPartBytes
  }

  /** Copies a chunk of `group`. */
  add(group: number, bytes: Uint8Array): void {
    const start = this.#length
    const end = start + bytes.length
    if (end > this.#bytes.length) this.#growTo(end)
    this.#bytes.set(bytes, start)
    this.#chunks.push({ group, start, end, crc: crc32(bytes) })
    this.#length = end
  }

  /** Views of what it holds, until it is emptied. */
  chunks(): EncodedChunk[] {
    return this.#chunks.map(({ group, start, end, crc }) => ({
      group,
      bytes: this.#bytes.subarray(start, end),
      crc,
    }))
  }

  empty(): void {
    this.#length = 0
    this.#chunks = []
  }

  #growTo(bytes: number): void {
    const grown = new Uint8Array(Math.max(bytes, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
