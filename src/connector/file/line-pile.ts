import { LIMITS } from '../../kit/limits.js'
import { jsonLine } from '../json-line.js'
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

  encode(): Uint8Array {
    return Buffer.from(this.#lines)
  }
}
