/**
 * How much may be under way on one connection: tells when to wait, and up to which message the server has answered.
 *
 * The NATS client never says that a socket is full; it takes everything and keeps it. What does come back is the
 * answer to a flush, in order with all that was published before it. So bytes are counted between marks (flushes), of
 * which at most two are outstanding, and while two marks' worth of bytes is unanswered the window is shut.
 *
 * An answered mark also proves that the server has looked at each message before it: had there been nobody to receive
 * one, the notice of that would have come first, on the same socket. Therefore quiet connections are marked too, with
 * one mark at a time, and a while after the first message: a mark for each would double what goes over the wire.
 */
export class OutboundWindow {
  readonly #markBytes: number
  /** Answered in the order in which they were placed. */
  #marks: Mark[] = []
  #outstandingBytes = 0
  #unmarkedBytes = 0
  #last = 0
  #marked = 0

  constructor(markBytes: number) {
    this.#markBytes = markBytes
  }

  /** Whether more may be published now. One message may always follow the last byte of room. */
  get isOpen(): boolean {
    return this.#outstandingBytes < 2 * this.#markBytes
  }

  get outstandingBytes(): number {
    return this.#outstandingBytes
  }

  /** Whether a mark is due: at once, or soon, for all that is published until then. */
  get due(): 'now' | 'soon' | 'no' {
    if (this.#unmarkedBytes >= this.#markBytes && this.#marks.length < 2) return 'now'
    return this.#last > this.#marked && this.#marks.length === 0 ? 'soon' : 'no'
  }

  onPublished(number: number, bytes: number): void {
    this.#last = number
    this.#unmarkedBytes += bytes
    this.#outstandingBytes += bytes
  }

  onMarkPlaced(): void {
    this.#marks.push({ number: this.#last, bytes: this.#unmarkedBytes })
    this.#marked = this.#last
    this.#unmarkedBytes = 0
  }

  /** The oldest mark was answered: returns the number of the last message before it. */
  onMarkAnswered(): number {
    const mark = this.#marks.shift()
    if (mark === undefined) return 0
    this.#outstandingBytes -= mark.bytes
    return mark.number
  }

  /** The link is gone, and with it all that was under way. */
  onLinkDown(): void {
    this.#marks = []
    this.#outstandingBytes = 0
    this.#unmarkedBytes = 0
    this.#marked = this.#last
  }
}

interface Mark {
  readonly number: number
  readonly bytes: number
}
