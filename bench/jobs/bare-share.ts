import { murmurOf } from './bare-hash.js'
import { clickAt, isLoggedIn, type Row, rowOf } from './clicks.js'
import { Progress } from './progress.js'

/** Which part of the clicks one thread or process makes: the indices that are `part` modulo `parts`. */
export interface Part {
  readonly part: number
  readonly parts: number
  readonly clicks: number
}

/** What goes to another part. */
export type BareMessage = { readonly rows: readonly Row[] } | 'acknowledged' | 'end'

export type Send = (to: number, message: BareMessage) => void

const BATCH = 1_024
/** Clicks that are made before what came from the others is taken. */
const SLICE = 16 * BATCH
/** Batches that may be under way to each other part. Without a bound one would only make, and the other only take. */
const WINDOW = 16
/** Batches that are taken between two acknowledgements. */
const ACKNOWLEDGE_EVERY = 4

/**
 * What the runtime is measured against: the same clicks through the same functions, written by hand with nothing around
 * them. Each part makes its clicks, keeps those logged in, maps them, sends each to the part that its key belongs to, in
 * batches, and sums what is its own. No checkpoints, no failure.
 */
export class BareShare {
  readonly #part: Part
  readonly #send: Send
  readonly #progress = new Progress()
  readonly #totals = new Map<string, number>()
  readonly #open: Row[][]
  readonly #inbox: { readonly from: number; readonly rows: readonly Row[] }[] = []
  readonly #underWay: number[]
  readonly #taken: number[]
  #ended = 1
  #onChange = () => {}

  constructor(part: Part, send: Send) {
    this.#part = part
    this.#send = send
    const parts = Array.from({ length: part.parts })
    this.#open = parts.map(() => [])
    this.#underWay = parts.map(() => 0)
    this.#taken = parts.map(() => 0)
  }

  /** What came waits until the loop takes it: else it would do nothing else for as long as something comes. */
  onMessage(from: number, message: BareMessage): void {
    if (message === 'acknowledged') this.#underWay[from]! -= ACKNOWLEDGE_EVERY
    else if (message === 'end') this.#ended++
    else this.#inbox.push({ from, rows: message.rows })
    this.#onChange()
  }

  /** Resolves when all parts have sent their last, with the sum of what was its own. */
  async run(): Promise<number> {
    const { part, parts, clicks } = this.#part
    const hasRoom = () => this.#underWay.every((batches) => batches < WINDOW)
    for (let from = part; from < clicks; from += SLICE * parts) {
      this.#make(from, Math.min(clicks, from + SLICE * parts))
      await new Promise((resolve) => setImmediate(resolve))
      await this.#takeUntil(hasRoom)
    }
    for (let to = 0; to < parts; to++) {
      this.#close(to)
      if (to !== part) this.#send(to, 'end')
    }
    await this.#takeUntil(() => this.#ended === parts)
    return [...this.#totals.values()].reduce((sum, total) => sum + total, 0)
  }

  #make(from: number, to: number): void {
    const { parts } = this.#part
    const open = this.#open
    for (let index = from; index < to; index += parts) {
      this.#progress.onRecord()
      const click = clickAt(index)
      if (!isLoggedIn(click)) continue
      const row = rowOf(click)
      const owner = murmurOf(row.userId) % parts
      const rows = open[owner]!
      rows.push(row)
      if (rows.length === BATCH) this.#close(owner)
    }
  }

  #close(owner: number): void {
    const rows = this.#open[owner]!
    this.#open[owner] = []
    if (owner === this.#part.part) return this.#add(rows)
    this.#send(owner, { rows })
    this.#underWay[owner]!++
  }

  #add(rows: readonly Row[]): void {
    const totals = this.#totals
    for (let i = 0; i < rows.length; i++) {
      const { userId, clicks } = rows[i]!
      totals.set(userId, (totals.get(userId) ?? 0) + clicks)
    }
  }

  /** Takes what has come; and what comes, until `isTrue`. */
  async #takeUntil(isTrue: () => boolean): Promise<void> {
    for (;;) {
      for (const { from, rows } of this.#inbox.splice(0)) {
        this.#add(rows)
        if (++this.#taken[from]! % ACKNOWLEDGE_EVERY === 0) this.#send(from, 'acknowledged')
      }
      if (isTrue()) return
      await new Promise<void>((resolve) => {
        this.#onChange = resolve
      })
    }
  }
}
