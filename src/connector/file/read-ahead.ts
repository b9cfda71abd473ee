import { type FileHandle, open } from 'node:fs/promises'
import { RetakeError } from '../../kit/errors.js'
import { sourceFault } from './file-fault.js'

const CHUNK_BYTES = 256 * 1024

export interface ReadAheadEvents {
  /** A chunk can be taken. */
  fetched(): void
  failed(error: unknown): void
}

/** Reads a file from `offset` up to `stop`, one chunk ahead of whoever takes them: two chunks are in memory at most. */
export class ReadAhead {
  readonly #path: string
  readonly #stop: number
  readonly #events: ReadAheadEvents
  /** Where the next read begins. */
  #offset: number
  #chunk: Buffer | undefined
  #file: FileHandle | undefined
  #reading: Promise<void> | undefined
  #isClosed = false

  constructor(path: string, offset: number, stop: number, events: ReadAheadEvents) {
    this.#path = path
    this.#offset = offset
    this.#stop = stop
    this.#events = events
    this.#read()
  }

  /** Everything has been taken. */
  get isDrained(): boolean {
    return this.#chunk === undefined && this.#offset >= this.#stop
  }

  /** The next chunk, if it is there: the one behind it is read meanwhile. */
  take(): Buffer | undefined {
    const chunk = this.#chunk
    if (chunk === undefined) return undefined
    this.#chunk = undefined
    this.#read()
    return chunk
  }

  /** Never fails: nothing is lost with a file that was only read. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#reading
    await this.#file?.close().catch(() => {})
  }

  #read(): void {
    if (this.#isClosed || this.#offset >= this.#stop) return
    this.#reading = this.#readChunk().then(
      (chunk) => {
        this.#offset += chunk.length
        this.#chunk = chunk
        if (!this.#isClosed) this.#events.fetched()
      },
      (error: unknown) => {
        if (!this.#isClosed) this.#events.failed(error)
      },
    )
  }

  async #readChunk(): Promise<Buffer> {
    const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, this.#stop - this.#offset))
    let bytes = 0
    try {
      this.#file ??= await open(this.#path, 'r')
      bytes = (await this.#file.read(buffer, 0, buffer.length, this.#offset)).bytesRead
    } catch (error) {
      throw sourceFault(this.#path, error)
    }
    if (bytes === 0) throw shortened(this.#path, this.#offset, this.#stop)
    return buffer.subarray(0, bytes)
  }
}

function shortened(path: string, offset: number, stop: number): RetakeError {
  return new RetakeError('RT1472', {
    what: `${path} ends at byte ${offset}`,
    why: `it had ${stop} bytes when the run began, and what was there then is read to its end`,
    fix: 'put the file back as it was, or start a new run',
  })
}
