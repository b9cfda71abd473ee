import { frozen } from '../channel/frozen.js'
import type { PieceName } from '../connector/staged-pieces.js'
import type { PieceAnswer } from '../connector/staged-writer.js'
import type { Attempt, CheckpointId, RunId } from '../kit/ids.js'
import { packValue, unpackValue } from '../record/value-codec.js'

/** Plain data: what a table holds, and which pieces of exactly-once sinks it has applied. */
export interface TableContents {
  readonly records: readonly unknown[]
  /** By run and subtask that staged it: the newest piece. */
  readonly ledger: readonly (readonly [owner: string, piece: NewestPiece])[]
}

interface NewestPiece {
  readonly checkpoint: CheckpointId
  readonly number: number
}

/** Whoever writes: one attempt of one run. */
export interface Writer {
  readonly run: RunId
  readonly attempt: Attempt
}

/**
 * What a sink writes to in a test, outside of all processes. It keeps what the PostgreSQL sink keeps beside its table: a
 * fence, which only rises and shuts earlier attempts out, and a ledger, by which a piece is applied once.
 */
export class RecordedTable {
  readonly #records: unknown[]
  readonly #fences = new Map<RunId, Attempt>()
  readonly #ledger: Map<string, NewestPiece>

  /** @param contents what another one held: both go on by themselves */
  constructor({ records, ledger }: TableContents = { records: [], ledger: [] }) {
    this.#records = records.map(ownFrozen)
    this.#ledger = new Map(ledger)
  }

  /** From now on nobody before this attempt writes. False: a later one writes already. */
  raiseFence({ run, attempt }: Writer): boolean {
    if ((this.#fences.get(run) ?? 0) > attempt) return false
    this.#fences.set(run, attempt)
    return true
  }

  /** Writes the records of a piece, once. */
  apply(writer: Writer, piece: PieceName, records: readonly unknown[]): PieceAnswer {
    if (!this.#isWriter(writer)) return 'fenced'
    if (this.holds(piece)) return 'already-applied'
    const { checkpoint, number } = piece
    this.#ledger.set(ownerOf(piece), { checkpoint, number })
    for (const record of records) this.#records.push(frozen(record))
    return 'applied'
  }

  /** Whether that piece has been applied: pieces of one owner come in their order. */
  holds(piece: PieceName): boolean {
    const newest = this.#ledger.get(ownerOf(piece))
    if (newest === undefined) return false
    const { checkpoint, number } = newest
    return checkpoint > piece.checkpoint || (checkpoint === piece.checkpoint && number >= piece.number)
  }

  /** Writes records as they come. False: the writer is fenced. */
  write(writer: Writer, records: readonly unknown[]): boolean {
    if (!this.#isWriter(writer)) return false
    for (const record of records) this.#records.push(ownFrozen(record))
    return true
  }

  /** In the order in which they were written. */
  get records(): readonly unknown[] {
    return this.#records
  }

  contents(): TableContents {
    return { records: [...this.#records], ledger: [...this.#ledger] }
  }

  #isWriter({ run, attempt }: Writer): boolean {
    return this.#fences.get(run) === attempt
  }
}

function ownerOf({ run, owner }: PieceName): string {
  return `${run} ${owner}`
}

/** As it would come back from anywhere outside. Throws RT1614 for what cannot be written as bytes. */
function ownFrozen(record: unknown): unknown {
  return frozen(unpackValue(packValue(record)))
}
