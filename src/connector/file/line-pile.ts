import { LIMITS } from '../../kit/limits.js'
import { jsonLine } from '../json-line.js'
import type { UncodedPiece } from '../staged-pieces.js'
import type { Pile } from '../staged-writer.js'

/** Lines of JSON that become one file. */
export class LinePile implements Pile {
  #lines = ''
  #bytes = 0

  get isEmpty(): boolean {
    return this.#bytes === 0
  }

  get isFull(): boolean {
    return this.#bytes >= LIMITS.pieceBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(record: unknown): void {
    const line = jsonLine(record)
    this.#lines += line
    this.#bytes += Buffer.byteLength(line)
  }

  cut(): readonly UncodedPiece[] {
    const lines = this.#lines
    return [{ size: this.#bytes, encode: () => Buffer.from(lines) }]
  }
}
