import { assertNever } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import type { CheckpointId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Capture, Piece } from '../state/snapshot.js'
import type { SinkContext, SinkWriter } from './sink.js'
import { type PieceName, StagedPieces, type UncodedPiece } from './staged-pieces.js'

/** Rows that become pieces. */
export interface Pile {
  readonly isEmpty: boolean
  /** It takes no more. */
  readonly isFull: boolean
  /** About what its encoding will take. */
  readonly bytes: number
  /** Keeps a copy of what the sink needs of `record`. Throws for one that can never be written. */
  add(record: unknown): void
  /** What it holds, in the order in which it is to be written. Nothing is added any more. */
  cut(): readonly UncodedPiece[]
}

/** What the outside says of a piece. After 'fenced' nothing of this attempt will ever be taken. */
export type PieceAnswer = 'applied' | 'already-applied' | 'fenced'

/** The outside, as an exactly-once sink sees it. */
export interface PieceTarget {
  /** Keeps earlier attempts from writing, then makes sure that what comes can be written. */
  open(restored: readonly Piece[]): Promise<void>
  pile(): Pile
  /** Applies a piece once, however often it is asked to. Called with one piece at a time, in order. */
  apply(name: PieceName, bytes: Uint8Array): Promise<PieceAnswer>
  /** Gives up what is under way. */
  close(): Promise<void>
}

/**
 * An exactly-once sink: rows are staged into pieces that travel in the snapshots, and are committed when a checkpoint
 * that holds them is complete.
 *
 * Order is the guarantee. Pieces of one owner are committed oldest first, each after the answer to the one before, and
 * those restored before the subtask runs. An answer that says 'fenced' ends the attempt and confirms nothing.
 */
export class StagedWriter implements SinkWriter {
  readonly #ctx: SinkContext
  readonly #target: PieceTarget
  readonly #pieces: StagedPieces
  #pile: Pile | undefined
  #phase: 'open' | 'failed' | 'closed' = 'open'
  #isCommitting = false
  #hasRoom = true
  #drained: Deferred | undefined

  constructor(ctx: SinkContext, target: PieceTarget) {
    this.#ctx = ctx
    this.#target = target
    this.#pieces = new StagedPieces({
      run: ctx.run,
      owner: ctx.subtask,
      blobs: ctx.blobs,
      memoryBytesMax: LIMITS.stagedBytesInMemory,
      onRoom: () => this.#onRoom(),
      onFailure: (error) => this.#fail(error),
    })
  }

  async open(restored: readonly Piece[]): Promise<void> {
    await this.#target.open(restored)
    for (const piece of inOrder(restored)) {
      this.#settle(await this.#target.apply(piece, await this.#ctx.blobs.get(piece.part)), piece)
    }
  }

  write(records: readonly unknown[]): void {
    for (let i = 0; i < records.length; i++) {
      this.#pile ??= this.#target.pile()
      this.#pile.add(records[i])
      if (!this.#pile.isFull) continue
      this.#pieces.add(this.#pile.cut())
      this.#pile = undefined
    }
  }

  /** Whoever was told no is called back. */
  isReady(): boolean {
    this.#hasRoom =
      this.#pieces.decidedBytes <= LIMITS.decidedBytesMax &&
      this.#pieces.memoryBytes + (this.#pile?.bytes ?? 0) < LIMITS.stagedBytesInMemory
    return this.#hasRoom
  }

  capture(checkpoint: CheckpointId): Capture {
    const last = this.#pile
    this.#pile = undefined
    return this.#pieces.capture(checkpoint, last === undefined || last.isEmpty ? [] : last.cut())
  }

  onCheckpointComplete(checkpoint: CheckpointId): void {
    this.#pieces.decide(checkpoint)
    void this.#commit()
  }

  async drain(): Promise<void> {
    if (this.#isDrained) return
    this.#drained ??= deferred()
    await this.#drained.promise
  }

  async close(): Promise<void> {
    if (this.#phase === 'open') this.#phase = 'closed'
    this.#drained?.reject(new Error('the sink was closed before all was confirmed'))
    await this.#target.close()
  }

  get #isDrained(): boolean {
    return this.#pieces.isEmpty && (this.#pile?.isEmpty ?? true)
  }

  /** Commits what is decided, until nothing is left: one at a time, whoever calls. */
  async #commit(): Promise<void> {
    if (this.#isCommitting) return
    this.#isCommitting = true
    try {
      for (let name = this.#next(); name !== undefined; name = this.#next()) {
        const answer = await this.#target.apply(name, await this.#pieces.bytesOfOldest())
        if (this.#phase !== 'open') return
        this.#settle(answer, name)
        this.#pieces.confirmOldest()
      }
      if (!this.#isDrained) return
      this.#drained?.resolve()
      this.#drained = undefined
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#isCommitting = false
    }
  }

  #next(): PieceName | undefined {
    return this.#phase === 'open' ? this.#pieces.oldestDecided : undefined
  }

  #settle(answer: PieceAnswer, { checkpoint, number, owner }: PieceName): void {
    switch (answer) {
      case 'applied':
        return
      case 'already-applied':
        this.#ctx.logger.debug({ checkpoint, number, owner }, 'a piece was there already')
        return
      case 'fenced':
        throw fencedError(this.#ctx)
      default:
        assertNever(answer)
    }
  }

  #onRoom(): void {
    if (this.#phase === 'open' && !this.#hasRoom && this.isReady()) this.#ctx.ready()
  }

  #fail(error: unknown): void {
    if (this.#phase !== 'open') return
    this.#phase = 'failed'
    this.#drained?.reject(error)
    this.#ctx.fail(error)
  }
}

/** A later attempt has taken over: what this one still wanted to write is in its hands. */
export function fencedError({ operator, attempt }: SinkContext): RetakeError {
  return new RetakeError('RT1447', {
    what: `attempt ${attempt} may no longer write to sink ${JSON.stringify(operator)}`,
    why: 'a later attempt of the job has raised the fence and writes instead',
    fix: 'nothing needs to be done: the later attempt has what this one had not confirmed',
  })
}

/** Pieces of one owner oldest first, as they were staged; owners one after the other. */
function inOrder(pieces: readonly Piece[]): Piece[] {
  return [...pieces].sort((a, b) => a.owner - b.owner || a.checkpoint - b.checkpoint || a.number - b.number)
}

interface Deferred {
  readonly promise: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

function deferred(): Deferred {
  let settle: Omit<Deferred, 'promise'> | undefined
  const promise = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  promise.catch(() => {}) // whoever awaits it hears; nobody may be waiting
  return { promise, ...(settle as Omit<Deferred, 'promise'>) }
}
