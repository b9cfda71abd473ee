import { assert } from '../../kit/assert.js'
import type { Cancel } from '../../kit/clock.js'
import type { CheckpointId } from '../../kit/ids.js'
import type { Capture, Piece } from '../../state/snapshot.js'
import type { SinkContext, SinkWriter } from '../sink.js'
import { fencedError } from '../staged-writer.js'
import { preparedRows } from './postgres-piece.js'
import { ONLY_ANSWERED, type PostgresSession } from './postgres-session.js'
import { writeRows } from './postgres-statements.js'
import { RowPile } from './row-pile.js'
import type { OpenSink, SinkOpening } from './sink-opening.js'

/** Rows wait at most this long for others to share a statement with. */
const GATHER_MS = 50
/** Full piles that may wait for the statement before them; then the sink is not ready. */
const WAITING_PILES_MAX = 2

/**
 * Writes rows as they come, a few thousand in a statement, one statement at a time. A barrier is acknowledged when
 * every row before it is answered.
 *
 * Only what the server has answered is tried again. A statement that lost its connection may still land, after its
 * repetition and after newer rows of the same keys: so it ends the attempt, and the next one's fence stops it.
 */
export class AtLeastOnceWriter implements SinkWriter {
  readonly #ctx: SinkContext
  readonly #session: PostgresSession
  readonly #opening: SinkOpening
  #open: OpenSink | undefined
  #statement = ''
  #phase: 'open' | 'failed' | 'closed' = 'open'
  /** What rows are added to. */
  #pile: RowPile | undefined
  /** Closed piles, oldest first; the first is being written while `#isWriting`. */
  readonly #waiting: RowPile[] = []
  #isWriting = false
  #hasRoom = true
  #cancelGather: Cancel | undefined
  /** Piles that were closed, and that were answered, since the start. */
  #closedPiles = 0
  #answeredPiles = 0
  readonly #barriers: { readonly piles: number; resolve(): void; reject(error: unknown): void }[] = []
  #failure: unknown

  constructor(ctx: SinkContext, session: PostgresSession, opening: SinkOpening) {
    this.#ctx = ctx
    this.#session = session
    this.#opening = opening
  }

  async open(restored: readonly Piece[]): Promise<void> {
    // They would be lost without a word; `restoreOf` refuses such a restore, with the reason, before anything runs.
    assert(restored.length === 0, 'staged rows were restored into a sink that stages none', {
      operator: this.#ctx.operator,
      pieces: restored.length,
    })
    this.#open = await this.#opening(restored)
    this.#statement = writeRows(this.#open.table.name, this.#open.shape)
  }

  write(records: readonly unknown[]): void {
    for (let i = 0; i < records.length; i++) {
      this.#pile ??= this.#newPile()
      this.#pile.add(records[i])
      if (this.#pile.isFull) this.#closePile()
    }
    if (this.#pile !== undefined && this.#cancelGather === undefined) {
      this.#cancelGather = this.#ctx.clock.after(GATHER_MS, () => this.#onGathered())
    }
    void this.#send()
  }

  /** Whoever was told no is called back. */
  isReady(): boolean {
    this.#hasRoom = this.#waiting.length <= WAITING_PILES_MAX
    return this.#hasRoom
  }

  capture(_checkpoint: CheckpointId): Capture {
    const answered = this.#answered()
    answered.catch(() => {}) // the upload tells it, if there is one
    return {
      slice: () => true,
      upload: async () => {
        await answered
        return {}
      },
    }
  }

  /** Nothing is staged: what a checkpoint covers is in the table since its barrier. */
  onCheckpointComplete(_checkpoint: CheckpointId): void {}

  drain(): Promise<void> {
    return this.#answered()
  }

  async close(): Promise<void> {
    if (this.#phase === 'open') this.#phase = 'closed'
    this.#cancelGather?.()
    for (const barrier of this.#barriers.splice(0)) barrier.reject(new Error('the sink was closed'))
    await this.#session.close()
  }

  /** Resolves when every row so far is answered. */
  #answered(): Promise<void> {
    this.#closePile()
    void this.#send()
    if (this.#phase === 'failed') return Promise.reject(this.#failure)
    if (this.#answeredPiles === this.#closedPiles) return Promise.resolve()
    const piles = this.#closedPiles
    return new Promise((resolve, reject) => this.#barriers.push({ piles, resolve, reject }))
  }

  #newPile(): RowPile {
    if (this.#open === undefined) throw new Error('the sink is not open')
    return new RowPile(this.#open.encoder, this.#open.shape.key.length > 0)
  }

  #closePile(): void {
    this.#cancelGather?.()
    this.#cancelGather = undefined
    const pile = this.#pile
    this.#pile = undefined
    if (pile === undefined || pile.isEmpty) return
    this.#waiting.push(pile)
    this.#closedPiles++
  }

  /** While a statement is under way rows gather on: they will go with the next one. */
  #onGathered(): void {
    this.#cancelGather = undefined
    if (this.#isWriting) return
    this.#closePile()
    void this.#send()
  }

  /** Writes pile after pile until none waits, whoever calls. */
  async #send(): Promise<void> {
    if (this.#isWriting || this.#phase !== 'open' || this.#waiting.length === 0) return
    this.#isWriting = true
    try {
      for (let pile = this.#waiting[0]; pile !== undefined; pile = this.#waiting[0]) {
        await this.#writePile(pile)
        if (this.#phase !== 'open') return
        this.#waiting.shift()
        this.#answeredPiles++
        this.#onAnswered()
        if (this.#waiting.length === 0 && this.#cancelGather === undefined) this.#closePile()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isWriting = false
    }
  }

  async #writePile(pile: RowPile): Promise<void> {
    const { shape } = this.#open as OpenSink
    const { run, operator, attempt } = this.#ctx
    const values = [run, operator, attempt, ...preparedRows(shape, pile.sorted()).arrays]
    const [answer] = await this.#session.query<{ held: number }>(this.#statement, values, ONLY_ANSWERED)
    if (answer?.held !== 1) throw fencedError(this.#ctx)
  }

  #onAnswered(): void {
    while (this.#barriers[0] !== undefined && this.#barriers[0].piles <= this.#answeredPiles) {
      this.#barriers.shift()?.resolve()
    }
    if (!this.#hasRoom && this.isReady()) this.#ctx.ready()
  }

  #fail(error: unknown): void {
    if (this.#phase !== 'open') return
    this.#phase = 'failed'
    this.#failure = error
    for (const barrier of this.#barriers.splice(0)) barrier.reject(error)
    this.#ctx.fail(error)
  }
}
