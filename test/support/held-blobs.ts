import { createHash } from 'node:crypto'
import { type Bytes, wholeOf } from '#src/state/bytes.js'
import type { BlobName, BlobReader, Part, PartStore } from '#src/state/snapshot.js'

/** A store in memory. `hold` keeps puts from resolving until `release`; `puts` says what was asked of it. */
export class HeldBlobs implements BlobReader, PartStore {
  readonly puts: { name: string; bytes: number }[] = []
  readonly #blobs = new Map<string, Uint8Array>()
  #gate: Promise<void> = Promise.resolve()
  #open: () => void = () => {}
  failure: Error | undefined

  /** How many are there. */
  get size(): number {
    return this.#blobs.size
  }

  get bytes(): number {
    return this.puts.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  release(): void {
    this.#open()
  }

  async put(name: string, bytes: Bytes): Promise<Part> {
    const copy = Uint8Array.from(wholeOf(bytes))
    const blob = `${this.puts.push({ name, bytes: copy.length })}/${name}` as BlobName
    await this.#gate
    if (this.failure !== undefined) throw this.failure
    this.#blobs.set(blob, copy)
    return { blob, offset: 0, bytes: copy.length, hash: hashOf(copy) }
  }

  async delete(parts: readonly Part[]): Promise<void> {
    for (const { blob } of parts) this.#blobs.delete(blob)
  }

  async get(part: Part): Promise<Uint8Array> {
    const whole = this.#blobs.get(part.blob)
    if (whole === undefined) throw new Error(`there is no blob ${part.blob}`)
    const bytes = whole.subarray(part.offset, part.offset + part.bytes)
    if (hashOf(bytes) !== part.hash) throw new Error(`blob ${part.blob} is not what was written`)
    return bytes
  }
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
