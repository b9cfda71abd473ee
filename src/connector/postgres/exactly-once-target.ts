import { LIMITS } from '../../kit/limits.js'
import type { Piece } from '../../state/snapshot.js'
import type { SinkContext } from '../sink.js'
import type { PieceName, UncodedPiece } from '../staged-pieces.js'
import type { PieceAnswer, PieceTarget, Pile } from '../staged-writer.js'
import { decodePiece, encodePiece, preparedRows } from './postgres-piece.js'
import type { PostgresSession } from './postgres-session.js'
import { REPEATABLE } from './postgres-session.js'
import { applyPiece, type RowShape } from './postgres-statements.js'
import type { RowEncoder } from './row-encoder.js'
import { RowPile } from './row-pile.js'
import type { OpenSink, SinkOpening } from './sink-opening.js'

/**
 * PostgreSQL as an exactly-once sink sees it: a piece is one statement, which writes its rows and raises the ledger, or
 * does nothing. So a piece may be applied any number of times, and one whose answer was lost simply is.
 */
export class ExactlyOnceTarget implements PieceTarget {
  readonly #ctx: SinkContext
  readonly #session: PostgresSession
  readonly #opening: SinkOpening
  #open: OpenSink | undefined
  /** The statement of the shape that was applied last: nearly always the same. */
  #statement: { readonly of: string; readonly text: string } | undefined

  constructor(ctx: SinkContext, session: PostgresSession, opening: SinkOpening) {
    this.#ctx = ctx
    this.#session = session
    this.#opening = opening
  }

  async open(restored: readonly Piece[]): Promise<void> {
    this.#open = await this.#opening(restored)
  }

  pile(): Pile {
    const { encoder, shape } = this.#opened
    return new PiecePile(encoder, shape)
  }

  async apply(name: PieceName, bytes: Uint8Array): Promise<PieceAnswer> {
    const { shape, arrays } = decodePiece(bytes)
    const { run, operator, attempt } = this.#ctx
    const values = [run, operator, attempt, name.run, name.owner, name.checkpoint, name.number, ...arrays]
    const text = this.#statementFor(shape)
    const rows = await this.#session.query<{ held: number; raised: number }>(text, values, REPEATABLE)
    const [answer] = rows
    if (answer?.held !== 1) return 'fenced'
    return answer.raised === 1 ? 'applied' : 'already-applied'
  }

  close(): Promise<void> {
    return this.#session.close()
  }

  #statementFor(shape: RowShape): string {
    const of = JSON.stringify(shape)
    if (this.#statement?.of !== of) {
      this.#statement = { of, text: applyPiece(this.#opened.table.name, shape) }
    }
    return this.#statement.text
  }

  get #opened(): OpenSink {
    if (this.#open === undefined) throw new Error('the sink is not open')
    return this.#open
  }
}

/**
 * A pile of rows that becomes staged pieces. With a key it grows beyond one piece, so that of all the rows between two
 * barriers only the last of each key is staged and written.
 */
class PiecePile extends RowPile implements Pile {
  readonly #shape: RowShape

  constructor(encoder: RowEncoder, shape: RowShape) {
    super(encoder, shape.key.length > 0)
    this.#shape = shape
  }

  override get isFull(): boolean {
    return this.isKeyed ? this.bytes >= LIMITS.pileBytes : super.isFull
  }

  cut(): readonly UncodedPiece[] {
    return this.blocks().map((block) => ({
      size: block.bytes,
      encode: () => encodePiece(preparedRows(this.#shape, block.sorted())),
    }))
  }
}
