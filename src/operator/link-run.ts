import type { Clock } from '../kit/clock.js'
import type { CheckpointId } from '../kit/ids.js'
import { HeapKeyedState } from '../state/heap-keyed-state.js'
import type { BlobReader, PartStore } from '../state/snapshot.js'
import type { ChainContext, Link } from './chain.js'
import type { CapturedOperator } from './chain-capture.js'
import { LinkContext } from './link-context.js'
import type { Operator } from './operator.js'
import type { RestoredOperator } from './restored-operator.js'

/** One operator at its place in a running chain: its context, its keyed state, and how far its life has gone. */
export class LinkRun {
  readonly operator: Operator
  readonly #link: Link
  readonly #ctx: ChainContext
  readonly #restored: RestoredOperator | undefined
  readonly #keyed: HeapKeyedState | undefined
  readonly #emitter: LinkContext
  #life: 'new' | 'opened' | 'closed' = 'new'
  #hasEnded: boolean

  /** @param fed operators that this one feeds */
  constructor(link: Link, fed: readonly Operator[], ctx: ChainContext) {
    const { id: operator, isKeyed } = link
    const { subtask, parallelism, maxParallelism } = ctx
    this.operator = link.operator
    this.#link = link
    this.#ctx = ctx
    this.#restored = ctx.restored.find((restored) => restored.operator === operator)
    this.#hasEnded = this.#restored?.ended ?? false
    const where = `${operator} (${link.where})`
    this.#keyed = isKeyed ? new HeapKeyedState({ maxParallelism, parallelism, subtask, where }) : undefined
    this.#emitter = new LinkContext(link, fed, this.#keyed, this.#restored?.pieces ?? [], ctx)
  }

  /** Whether it may emit because of the time: by a timer of the user, or because it holds something back. */
  get isTimed(): boolean {
    const { dueAt, onTimer } = this.operator
    return dueAt !== undefined || (this.#keyed !== undefined && onTimer !== undefined)
  }

  /** When it emits next because of the time, if the wall clock goes on as it does; milliseconds since 1970. */
  get nextTimerAt(): number | undefined {
    const dueAt = this.operator.dueAt?.()
    if (dueAt === undefined) return this.#keyed?.nextTimerAt
    const { clock } = this.#ctx
    // Whole milliseconds: the wall clock's numbers are so large that less may be lost in them, and nobody would wait.
    return clock.wallTime() + Math.ceil(dueAt - clock.now())
  }

  /** Its end hook has run: in this attempt, or before the checkpoint that was restored. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /**
   * Restores its keyed state, a step in each turn so that its thread answers meanwhile, then opens the operator, unless it
   * was closed meanwhile.
   */
  async open(blobs: BlobReader): Promise<void> {
    const { id, where } = this.#link
    for (const { part } of this.#restored?.keyed ?? []) {
      const bytes = await blobs.get(part)
      if (this.#isClosed()) return
      for (const _ of this.#keyed?.restore(bytes, `${part.blob} (state of ${id}, ${where})`) ?? []) {
        await turn(this.#ctx.clock)
        if (this.#isClosed()) return
      }
    }
    this.#life = 'opened'
    await this.operator.open(this.#emitter)
  }

  /** How many records it has passed on in this attempt. */
  get passed(): number {
    return this.#emitter.passed
  }

  flush(): void {
    this.#emitter.flush()
  }

  /** Fires one timer that is due, or has what is held back emitted; false when nothing is due. */
  fireTimer(wallTime: number): boolean {
    const dueAt = this.operator.dueAt?.()
    if (dueAt !== undefined && dueAt <= this.#ctx.clock.now()) {
      this.operator.onDue?.()
      return true
    }
    const timer = this.#keyed?.takeDueTimer(wallTime)
    if (timer === undefined) return false
    this.operator.onTimer?.(timer.key, timer.at, timer.tag)
    return true
  }

  finish(): void {
    if (this.#hasEnded) return
    this.operator.finish?.()
    this.#hasEnded = true
  }

  capture(checkpoint: CheckpointId, store: PartStore): CapturedOperator {
    const captures = [this.#keyed?.capture(store), this.operator.capture?.(checkpoint)]
    const { subtask } = this.#ctx
    return { operator: this.#link.id, subtask, captures: captures.filter((capture) => capture !== undefined) }
  }

  async close(): Promise<void> {
    const isOpened = this.#life === 'opened'
    this.#life = 'closed'
    if (isOpened) await this.operator.close?.()
  }

  #isClosed(): boolean {
    return this.#life === 'closed'
  }
}

/** Resolves when others have had their turn. */
function turn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.soon(resolve))
}
