import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import type { BlobReader, PartStore, SplitPosition } from '../state/snapshot.js'
import { ChainCapture } from './chain-capture.js'
import { LinkRun } from './link-run.js'
import type { Operator } from './operator.js'
import type { RestoredOperator } from './restored-operator.js'

/** One operator of a chain, and where its records go. */
export interface Link {
  readonly id: OperatorId
  readonly where: string
  readonly operator: Operator
  /** Whether it has keyed state. */
  readonly isKeyed: boolean
  /** Position of the link that feeds it; undefined for the first. */
  readonly fedBy: number | undefined
  /** Outputs of the subtask that take what it emits, besides the links that it feeds. */
  readonly outputs: readonly Output[]
}

/** Takes a batch into the outbox of an edge. The array is the chain's again when the call returns. */
export type Output = (records: readonly unknown[]) => void

/** What a chain needs of the subtask that runs it. */
export interface ChainContext {
  readonly run: RunId
  readonly vertex: VertexIndex
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
  readonly clock: Clock
  readonly logger: Logger
  /** Where restored parts are read. */
  readonly blobs: BlobReader
  /** By operator; empty in the first attempt from nothing. */
  readonly restored: readonly RestoredOperator[]
}

/**
 * The operators of one subtask, fused: a batch passes from one to the next by a call, through a buffer of each. No
 * call returns before all that it emitted has been passed on, so between two calls the chain holds no records, and a
 * snapshot is of the operators alone.
 *
 * It is a tree: where an operator feeds several, each gets the same records, which nobody changes.
 */
export class Chain {
  readonly #links: readonly LinkRun[]
  readonly #head: LinkRun
  readonly #ctx: ChainContext
  /** Only sinks can have enough. */
  readonly #sinks: readonly LinkRun[]
  readonly #timed: readonly LinkRun[]
  #state: 'new' | 'opening' | 'open' | 'closed' = 'new'
  #finished = false

  constructor(links: readonly Link[], ctx: ChainContext) {
    this.#ctx = ctx
    this.#links = links.map((link, position) => new LinkRun(link, fedBy(position, links), ctx))
    const [head] = this.#links
    assert(head !== undefined, 'a chain has an operator')
    this.#head = head
    this.#sinks = this.#links.filter((link) => link.operator.isReady !== undefined)
    this.#timed = this.#links.filter((link) => link.isTimed)
  }

  /** Whether its head is a source: it is polled, not processed. */
  get isSource(): boolean {
    return this.#head.operator.poll !== undefined
  }

  /** Opens operators last to first; when it resolves, restored state is there and restored commits are done. */
  async open(): Promise<void> {
    assert(this.#state === 'new', 'a chain is opened once', { state: this.#state })
    this.#state = 'opening'
    for (const link of [...this.#links].reverse()) {
      await link.open(this.#ctx.blobs)
      if (this.#isClosed()) return
    }
    this.#state = 'open'
  }

  /** Of a source: hands it splits, from restored positions or fresh ones. After `open`. */
  addSplits(splits: readonly SplitPosition[]): void {
    this.#assertOpen()
    assert(this.isSource, 'splits are for sources')
    this.#head.operator.addSplits?.(splits)
  }

  /** Where the splits of the source stand. */
  positions(): readonly SplitPosition[] {
    return this.#head.operator.positions?.() ?? []
  }

  /** Lets the source emit about a batch. Only while `isReady()`. */
  poll(): 'more' | 'idle' | 'end' {
    this.#assertOpen()
    const { operator } = this.#head
    assert(operator.poll !== undefined, 'a source is polled')
    const polled = operator.poll()
    this.#flush()
    return polled
  }

  /** How many records the source has emitted in this attempt. */
  get recordsPolled(): number {
    return this.isSource ? this.#head.passed : 0
  }

  /** One batch from the inbox. Only while `isReady()`. */
  process(records: readonly unknown[]): void {
    this.#assertOpen()
    this.#head.operator.process(records)
    this.#flush()
  }

  /** Every sink of the chain takes more. */
  isReady(): boolean {
    for (const { operator } of this.#sinks) if (operator.isReady?.() === false) return false
    return true
  }

  /** When the earliest timer, or what an operator holds back, is due, in milliseconds since 1970. Timers end with the input. */
  nextTimerAt(): number | undefined {
    let next: number | undefined
    if (this.#finished || this.#hasEnded()) return next
    for (const link of this.#timed) {
      const at = link.nextTimerAt
      if (at !== undefined && (next === undefined || at < next)) next = at
    }
    return next
  }

  /** Fires what is due at `wallTime`, a batch of timers at most; true if more is due. Only while `isReady()`. */
  fireTimers(wallTime: number): boolean {
    this.#assertOpen()
    if (this.#finished || this.#hasEnded()) return false
    let left: number = LIMITS.batchRecords
    for (const link of this.#timed) {
      while (left > 0 && link.fireTimer(wallTime)) left--
    }
    this.#flush()
    const next = this.nextTimerAt()
    return next !== undefined && next <= wallTime
  }

  /** All inputs have ended: runs the end hooks, but for those that had run before the restored checkpoint. */
  finish(): void {
    this.#assertOpen()
    if (this.#finished) return
    this.#finished = true
    for (const link of this.#links) {
      link.finish()
      link.flush()
    }
  }

  /**
   * Fixes what the snapshot of this moment holds. What operators hold back is emitted first, and is in the outputs when
   * the call returns: it belongs ahead of the barrier, and waits for no credit.
   * @param store where its parts go
   */
  capture(checkpoint: CheckpointId, store: PartStore): ChainCapture {
    this.#assertOpen()
    for (const link of this.#links) {
      link.operator.beforeBarrier?.()
      link.flush()
    }
    const { vertex, subtask } = this.#ctx
    const parts = this.#links.map((link) => link.capture(checkpoint, store))
    return new ChainCapture({ vertex, subtask, ended: this.#hasEnded() }, parts, store)
  }

  /** `checkpoint` and all lower ones are complete. */
  onCheckpointComplete(checkpoint: CheckpointId): void {
    if (this.#state !== 'open') return
    for (const { operator } of this.#links) operator.onCheckpointComplete?.(checkpoint)
  }

  /** After the last checkpoint: resolves when the sinks have nothing unconfirmed. */
  async drain(): Promise<void> {
    await Promise.all(this.#links.map(({ operator }) => operator.drain?.()))
  }

  /** First to last, whatever happened; also while it opens. Throws the first of what the operators throw. */
  async close(): Promise<void> {
    if (this.#isClosed()) return
    this.#state = 'closed'
    const faults: unknown[] = []
    for (const link of this.#links) {
      try {
        await link.close()
      } catch (fault) {
        faults.push(fault)
      }
    }
    if (faults.length > 0) throw faults[0]
  }

  /** Every end hook has run, in this attempt or in one before it. */
  #hasEnded(): boolean {
    return this.#links.every((link) => link.hasEnded)
  }

  /** A link's records are with the next one before that one passes on its own. */
  #flush(): void {
    const links = this.#links
    for (let i = 0; i < links.length; i++) links[i]!.flush()
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #assertOpen(): void {
    assert(this.#state === 'open', 'a chain is open while it is used', { state: this.#state })
  }
}

/** Operators that the one at `position` feeds. */
function fedBy(position: number, links: readonly Link[]): readonly Operator[] {
  return links.filter((link) => link.fedBy === position).map((link) => link.operator)
}
