import { RetakeError } from '../../kit/errors.js'
import type { FilePosition } from './file-position.js'
import { LineCursor } from './line-cursor.js'
import { ReadAhead, type ReadAheadEvents } from './read-ahead.js'

/** A line is held whole, so it has a bound. */
const LINE_BYTES_MAX = 16 * 1024 * 1024
const BYTE_ORDER_MARK = 'efbbbf'

/**
 * One file in the hands of its reader. Its position moves in `passed` alone, over one line at a time; what has been
 * read ahead of it never counts. The file is opened when its first line is wanted.
 */
export class SplitFile {
  readonly owner: number
  readonly path: string
  readonly cursor = new LineCursor()
  readonly #stop: number
  readonly #events: ReadAheadEvents
  #offset: number
  #lines: number
  #ahead: ReadAhead | undefined

  constructor(owner: number, { path, offset, lines, stop }: FilePosition, events: ReadAheadEvents) {
    this.owner = owner
    this.path = path
    this.#offset = offset
    this.#lines = lines
    this.#stop = stop
    this.#events = events
  }

  get position(): FilePosition {
    return { path: this.path, offset: this.#offset, lines: this.#lines, stop: this.#stop }
  }

  get isEnded(): boolean {
    return this.#offset >= this.#stop
  }

  /** `path:line` of the line on which the cursor stands. */
  get where(): string {
    return `${this.path}:${this.#lines + 1}`
  }

  /** Where that line begins: behind the mark that some programs put before the first one. */
  get lineStart(): number {
    const { bytes, start, end } = this.cursor
    const isFirst = this.#offset === 0 && end - start >= 3
    return isFirst && bytes.toString('hex', start, start + 3) === BYTE_ORDER_MARK ? start + 3 : start
  }

  /** Moves the cursor to the next line; false when it must be waited for. Only while it is not at its end. */
  advance(): boolean {
    this.#ahead ??= new ReadAhead(this.path, this.#offset, this.#stop, this.#events)
    while (!this.cursor.advance(this.#ahead.isDrained)) {
      const chunk = this.#ahead.take()
      if (chunk === undefined) return false
      this.cursor.push(chunk)
      if (this.cursor.restBytes > LINE_BYTES_MAX + chunk.length) throw this.#tooLong()
    }
    return true
  }

  /** The line on which the cursor stands was emitted, or passed over. */
  passed(): void {
    this.#offset += this.cursor.lineBytes
    this.#lines++
  }

  async close(): Promise<void> {
    this.cursor.clear()
    await this.#ahead?.close()
  }

  #tooLong(): RetakeError {
    return new RetakeError('RT1471', {
      what: `${this.where} has more than ${LINE_BYTES_MAX} bytes`,
      why: 'a line is held in memory whole, so its size has a bound',
      fix: 'see that the file has lines, and that `path` of file.source names no other files',
    })
  }
}
