import type { CheckpointId } from '../kit/ids.js'
import type { Capture } from '../state/snapshot.js'
import { jsonLine } from './json-line.js'
import type { SinkContext, SinkWriter } from './sink.js'

/** Takes text, whole lines at a time. */
export interface LineOutput {
  open(): Promise<void>
  /** Resolves when the text is out of this process's hands. Called with one text at a time. */
  write(lines: string): Promise<void>
  close(): Promise<void>
}

/** Above this many characters that wait for the write under way, the sink takes no more. */
const WAITING_CHARACTERS_MAX = 256 * 1024

/**
 * Writes a line of JSON for each record, as they come: at-least-once. A barrier is acknowledged when every line before
 * it has been written.
 *
 * Lines are written in their order, one write at a time; while one is under way the next ones gather.
 */
export class LineWriter implements SinkWriter {
  readonly #ctx: SinkContext
  readonly #output: LineOutput
  #phase: 'open' | 'failed' | 'closed' = 'open'
  #waiting = ''
  /** Lines taken, and written, since the start. */
  #taken = 0
  #written = 0
  #isWriting = false
  #hasRoom = true
  #failure: unknown
  readonly #barriers: { readonly lines: number; resolve(): void; reject(error: unknown): void }[] = []

  constructor(ctx: SinkContext, output: LineOutput) {
    this.#ctx = ctx
    this.#output = output
  }

  open(): Promise<void> {
    return this.#output.open()
  }

  write(records: readonly unknown[]): void {
    for (let i = 0; i < records.length; i++) this.#waiting += jsonLine(records[i])
    this.#taken += records.length
    void this.#send()
  }

  /** Whoever was told no is called back. */
  isReady(): boolean {
    this.#hasRoom = this.#waiting.length < WAITING_CHARACTERS_MAX
    return this.#hasRoom
  }

  capture(_checkpoint: CheckpointId): Capture {
    const written = this.drain()
    written.catch(() => {}) // the upload tells it, if there is one
    return {
      slice: () => true,
      upload: async () => {
        await written
        return {}
      },
    }
  }

  /** Nothing is staged: what a checkpoint covers was written before its barrier was acknowledged. */
  onCheckpointComplete(_checkpoint: CheckpointId): void {}

  /** Resolves when every line so far is written. */
  drain(): Promise<void> {
    if (this.#phase === 'failed') return Promise.reject(this.#failure)
    if (this.#written === this.#taken) return Promise.resolve()
    const lines = this.#taken
    return new Promise((resolve, reject) => this.#barriers.push({ lines, resolve, reject }))
  }

  async close(): Promise<void> {
    if (this.#phase === 'open') this.#phase = 'closed'
    for (const barrier of this.#barriers.splice(0)) barrier.reject(new Error('the sink was closed'))
    await this.#output.close()
  }

  async #send(): Promise<void> {
    if (this.#isWriting || this.#phase !== 'open') return
    this.#isWriting = true
    try {
      while (this.#waiting !== '') {
        const lines = this.#waiting
        const taken = this.#taken
        this.#waiting = ''
        const writing = this.#output.write(lines)
        if (!this.#hasRoom && this.isReady()) this.#ctx.ready()
        await writing
        if (this.#phase !== 'open') return
        this.#written = taken
        this.#onWritten()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWriting = false
    }
  }

  #onWritten(): void {
    while (this.#barriers[0] !== undefined && this.#barriers[0].lines <= this.#written) {
      this.#barriers.shift()?.resolve()
    }
  }

  #fail(error: unknown): void {
    if (this.#phase !== 'open') return
    this.#phase = 'failed'
    this.#failure = error
    for (const barrier of this.#barriers.splice(0)) barrier.reject(error)
    this.#ctx.fail(error)
  }
}
