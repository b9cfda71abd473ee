const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const NOTHING = Buffer.alloc(0)

/**
 * Cuts bytes that come in chunks into lines, without copying but for a line that lies across two chunks. A line ends
 * with LF or CR LF; the last one may have no end. Bytes are never looked at as characters: in UTF-8 no part of
 * another character is a line feed.
 */
export class LineCursor {
  bytes: Buffer = NOTHING
  /** The line on which the cursor stands, without its end: `bytes` from `start` up to `end`. */
  start = 0
  end = 0
  /** Behind the end of that line. */
  #next = 0
  /** Up to here there is no end of line behind `#next`. */
  #searched = 0

  /** Bytes of the line on which it stands, its end included. */
  get lineBytes(): number {
    return this.#next - this.start
  }

  /** Bytes that no line has been made of yet. */
  get restBytes(): number {
    return this.bytes.length - this.#next
  }

  push(chunk: Buffer): void {
    const rest = this.bytes.subarray(this.#next)
    this.#searched -= this.#next
    this.bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#next = 0
  }

  /** Lets go of all bytes. */
  clear(): void {
    this.bytes = NOTHING
    this.start = this.end = this.#next = this.#searched = 0
  }

  /** Moves to the next line; false when more bytes are needed, or none are left. `isLast`: no more will come. */
  advance(isLast: boolean): boolean {
    const feed = this.bytes.indexOf(LINE_FEED, this.#searched)
    if (feed < 0) {
      this.#searched = this.bytes.length
      if (!isLast || this.restBytes === 0) return false
    }
    this.start = this.#next
    this.end = feed < 0 ? this.bytes.length : feed
    this.#next = feed < 0 ? this.end : feed + 1
    this.#searched = this.#next
    if (this.end > this.start && this.bytes[this.end - 1] === CARRIAGE_RETURN) this.end--
    return true
  }
}
