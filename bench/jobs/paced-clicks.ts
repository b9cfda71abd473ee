import {
  customSource,
  of,
  type Source,
  type SourceContext,
  type SourceReader,
  type SplitPosition,
} from 'retake'
import { Histogram } from '../suite/histogram.js'
import { type Click, clickAt } from './clicks.js'
import { type Progress, tellLatency } from './progress.js'

/** When clicks are due, and which of them count. Numbers are of all subtasks together. */
export interface Pacing {
  readonly ratePerSecond: number
  readonly records: number
  /** Those made before, and those from `countsUntil` on, do not count. */
  readonly countsFrom: number
  readonly countsUntil: number
}

export interface PacedClick extends Click {
  /** Milliseconds by the clock that all threads of the process share. */
  readonly dueAt: number
  readonly counts: boolean
}

/** Of a poll, as of any other source. */
const BATCH = 1_024
/** What is due is looked at this often: a timer of Node waits no shorter. */
const LOOK_MS = 1

/**
 * An open loop: clicks become due at a fixed rate, whatever the job does meanwhile, and one that is made late is as late
 * as it is. (`generator.source` forgives what it could not make within a second, as a source in production should.)
 */
export function pacedClicks(pacing: Pacing, splits: number, progress: Progress): Source<PacedClick> {
  return customSource({
    splits: Array.from({ length: splits }, (_, owner) => splitOf(owner, 0, false)),
    reader: (ctx) => new PacedReader(pacing, ctx, progress),
    emits: of<PacedClick>(),
  })
}

class PacedReader implements SourceReader {
  readonly #pacing: Pacing
  readonly #ctx: SourceContext
  readonly #progress: Progress
  readonly #stop: number
  readonly #intervalMs: number
  readonly #lateness = new Histogram()
  #next = 0
  #startedAt: number | undefined
  #cancelWait = () => {}

  constructor(pacing: Pacing, ctx: SourceContext, progress: Progress) {
    const { records, ratePerSecond } = pacing
    const { parallelism, subtask } = ctx
    this.#pacing = pacing
    this.#ctx = ctx
    this.#progress = progress
    this.#stop = Math.ceil((records - subtask) / parallelism)
    this.#intervalMs = (1_000 * parallelism) / ratePerSecond
  }

  /** Each subtask has the one split of its number, from its beginning: nothing restarts here. */
  addSplits(): void {}

  poll(): 'more' | 'idle' | 'end' {
    const now = this.#ctx.clock.now()
    // All subtasks run by now.
    this.#startedAt ??= now
    const due = Math.min(this.#stop, Math.floor((now - this.#startedAt) / this.#intervalMs) + 1)
    const to = Math.min(due, this.#next + BATCH)
    while (this.#next < to) this.#make(this.#next++, now)
    if (this.#next === this.#stop) return 'end'
    if (this.#next < due) return 'more'
    this.#cancelWait = this.#ctx.clock.after(LOOK_MS, () => this.#ctx.ready())
    return 'idle'
  }

  #make(own: number, now: number): void {
    const { subtask, parallelism } = this.#ctx
    const { countsFrom, countsUntil } = this.#pacing
    const index = own * parallelism + subtask
    const { userId, url, ts, loggedIn } = clickAt(index)
    const dueAt = this.#startedAt! + own * this.#intervalMs
    const counts = index >= countsFrom && index < countsUntil
    if (counts) this.#lateness.record(now - dueAt)
    this.#progress.onRecord()
    this.#ctx.emit({ userId, url, ts, loggedIn, dueAt, counts } satisfies PacedClick)
  }

  positions(): readonly SplitPosition[] {
    return [splitOf(this.#ctx.subtask, this.#next, this.#next === this.#stop)]
  }

  async close(): Promise<void> {
    this.#cancelWait()
    tellLatency('until it is made', this.#lateness)
  }
}

function splitOf(owner: number, next: number, ended: boolean): SplitPosition {
  return { split: `paced-${owner}`, owner, position: next, ended }
}
