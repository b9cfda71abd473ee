import { createHash } from 'node:crypto'
import { assert } from '../kit/assert.js'
import type { CheckpointId, RunId } from '../kit/ids.js'
import type { BlobReader, BlobWriter, Capture, Part, Piece } from '../state/snapshot.js'

/** A piece's name, given at the first barrier after it was cut and kept for good. */
export interface PieceName {
  readonly run: RunId
  readonly owner: number
  readonly checkpoint: CheckpointId
  readonly number: number
}

export interface StagedPiecesOptions {
  readonly run: RunId
  /** The subtask whose pieces these are. */
  readonly owner: number
  /** Where pieces go that would fill the memory before a barrier comes; and where all are read back. */
  readonly blobs: BlobWriter & BlobReader
  /** Pieces above this are put to the store, half of it at a time. */
  readonly memoryBytesMax: number
  /** Something was stored or confirmed: there may be room again. */
  onRoom(): void
  onFailure(error: unknown): void
}

/** Rows that are one piece, and become bytes when they are wanted. */
export interface UncodedPiece {
  /** About what its encoding will take. */
  readonly size: number
  encode(): Uint8Array
}

/** A piece and where its bytes are: not yet encoded, in memory, in the store, or both of the latter. */
interface StagedPiece {
  /** Undefined until a barrier comes. */
  name: PieceName | undefined
  /** Of its encoding; an estimate as long as it is not encoded. */
  size: number
  encode: (() => Uint8Array) | undefined
  bytes: Uint8Array | undefined
  part: Part | undefined
  storing: Promise<void> | undefined
  decided: boolean
}

/**
 * What one subtask of an exactly-once sink has staged and the outside has not confirmed: cut into pieces, oldest
 * first, each with a name and with its bytes somewhere.
 *
 * A piece is named by the checkpoint that was the first to hold it, aborted or not, and by its number there; it is
 * never merged, renamed or dropped until it is confirmed, so every snapshot names all that came before. Pieces are
 * decided by a complete checkpoint, and confirmed in order, one by one. What is in memory stays below a limit: beyond
 * half of it pieces go to the store before any barrier, and a stored piece leaves the memory when room is short.
 */
export class StagedPieces {
  readonly #options: StagedPiecesOptions
  /** Oldest first. Decided ones in front, then named, then unnamed. */
  readonly #pieces: StagedPiece[] = []
  #memoryBytes = 0
  #decidedBytes = 0
  #spills = 0
  #spilling = false

  constructor(options: StagedPiecesOptions) {
    this.#options = options
  }

  /** Bytes held in memory. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** Bytes that a complete checkpoint has decided and the outside has not confirmed. */
  get decidedBytes(): number {
    return this.#decidedBytes
  }

  get isEmpty(): boolean {
    return this.#pieces.length === 0
  }

  /** Takes pieces that are complete. They are named by the next barrier, and encoded then, or when memory is short. */
  add(pieces: readonly UncodedPiece[]): void {
    this.#stage(pieces)
    this.#spill()
  }

  /**
   * A barrier: names what has no name yet, `last` included, which holds the rows since the last cut. The snapshot names
   * every unconfirmed piece.
   */
  capture(checkpoint: CheckpointId, last: readonly UncodedPiece[] = []): Capture {
    this.#stage(last)
    const { run, owner } = this.#options
    let number = 0
    for (const piece of this.#pieces) {
      if (piece.name !== undefined) {
        assert(piece.name.checkpoint < checkpoint, 'a barrier came twice', { ...piece.name, checkpoint })
        continue
      }
      piece.name = { run, owner, checkpoint, number: number++ }
    }
    const held = [...this.#pieces]
    return {
      slice: () => {
        const next = held.find((piece) => piece.encode !== undefined)
        if (next !== undefined) this.#encode(next)
        return next === undefined
      },
      upload: async (blobs) => {
        await this.#store(held, blobs, 'pieces')
        return { pieces: held.map(pieceOf) }
      },
    }
  }

  /** `checkpoint` is complete: what it and lower ones hold may be committed. May come twice, or late. */
  decide(checkpoint: CheckpointId): void {
    for (const piece of this.#pieces) {
      if (piece.name === undefined || piece.name.checkpoint > checkpoint) return
      if (piece.decided) continue
      piece.decided = true
      this.#decidedBytes += piece.size
    }
  }

  /** The name of the next piece to commit. */
  get oldestDecided(): PieceName | undefined {
    const oldest = this.#pieces[0]
    return oldest?.decided ? oldest.name : undefined
  }

  /** The bytes of the piece that `oldestDecided` names. */
  async bytesOfOldest(): Promise<Uint8Array> {
    const oldest = this.#pieces[0]
    assert(oldest !== undefined, 'there is no piece to read')
    if (oldest.encode !== undefined) this.#encode(oldest)
    if (oldest.bytes !== undefined) return oldest.bytes
    assert(oldest.part !== undefined, 'a piece is neither in memory nor in the store', { ...oldest.name })
    return this.#options.blobs.get(oldest.part)
  }

  /** The outside has answered that it holds the piece: it is forgotten here. */
  confirmOldest(): void {
    const oldest = this.#pieces.shift()
    assert(oldest?.decided === true, 'a piece is confirmed that was not decided', { ...oldest?.name })
    this.#decidedBytes -= oldest.size
    this.#forgetBytes(oldest)
    this.#options.onRoom()
  }

  #stage(pieces: readonly UncodedPiece[]): void {
    for (const piece of pieces) {
      this.#pieces.push(staged({ size: piece.size, encode: () => piece.encode() }))
      this.#memoryBytes += piece.size
    }
  }

  #encode(piece: StagedPiece): void {
    assert(piece.encode !== undefined, 'a piece is encoded twice')
    piece.bytes = piece.encode()
    piece.encode = undefined
    this.#memoryBytes += piece.bytes.length - piece.size
    if (piece.decided) this.#decidedBytes += piece.bytes.length - piece.size
    piece.size = piece.bytes.length
  }

  /** Puts pieces to the store ahead of the barrier when half of the memory is full; one put at a time. */
  #spill(): void {
    if (this.#spilling || !this.#isHalfFull) return
    for (const piece of this.#pieces) if (piece.part !== undefined) this.#forgetBytes(piece)
    const unstored = this.#pieces.filter((piece) => piece.part === undefined)
    if (unstored.length === 0 || !this.#isHalfFull) return
    this.#spilling = true
    this.#store(unstored, this.#options.blobs, `staged-${this.#spills++}`).then(
      () => {
        this.#spilling = false
        this.#spill()
      },
      (error: unknown) => this.#options.onFailure(error),
    )
  }

  /** Resolves when all of `pieces` are in the store: in one blob those that nobody was storing already. */
  async #store(pieces: readonly StagedPiece[], blobs: BlobWriter, name: string): Promise<void> {
    const mine = pieces.filter((piece) => piece.part === undefined && piece.storing === undefined)
    if (mine.length > 0) {
      const storing = this.#put(mine, blobs, `${name}-${this.#options.owner}`).finally(() => {
        for (const piece of mine) piece.storing = undefined
      })
      for (const piece of mine) piece.storing = storing
    }
    await Promise.all(pieces.map((piece) => piece.storing))
  }

  async #put(pieces: readonly StagedPiece[], blobs: BlobWriter, name: string): Promise<void> {
    for (const piece of pieces) if (piece.encode !== undefined) this.#encode(piece)
    const contents = pieces.map((piece) => {
      assert(piece.bytes !== undefined, 'a piece has no bytes to store', { ...piece.name })
      return piece.bytes
    })
    const whole = await blobs.put(name, contents)
    let offset = whole.offset
    for (const [index, piece] of pieces.entries()) {
      const bytes = contents[index]!
      piece.part = { blob: whole.blob, offset, bytes: bytes.length, hash: sha256(bytes) }
      offset += bytes.length
      if (this.#isHalfFull) this.#forgetBytes(piece)
    }
    this.#options.onRoom()
  }

  get #isHalfFull(): boolean {
    return this.#memoryBytes * 2 >= this.#options.memoryBytesMax
  }

  #forgetBytes(piece: StagedPiece): void {
    if (piece.bytes === undefined && piece.encode === undefined) return
    piece.bytes = undefined
    piece.encode = undefined
    this.#memoryBytes -= piece.size
  }
}

/** All fields in one order, so that every piece has one hidden class. */
function staged(given: { size: number; bytes?: Uint8Array; encode?: () => Uint8Array }): StagedPiece {
  return {
    name: undefined,
    size: given.size,
    encode: given.encode,
    bytes: given.bytes,
    part: undefined,
    storing: undefined,
    decided: false,
  }
}

function pieceOf({ name, part }: StagedPiece): Piece {
  assert(name !== undefined && part !== undefined, 'a snapshot names a piece that is not stored', { ...name })
  return { ...name, part }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
