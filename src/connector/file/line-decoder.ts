import { isUtf8 } from 'node:buffer'
import { RecordSchema } from '../record-schema.js'
import type { FileSourceOptions } from './file-options.js'

/** What `decode` returns for a line that is no record. */
export const NO_RECORD: unique symbol = Symbol('no record')

const SAMPLE_CHARACTERS = 200

/**
 * Turns a line's bytes into a record: JSON, or text as it is; then the schema, if there is one. Blank lines between
 * lines of JSON are nothing, and no fault. Bytes that are no UTF-8 are a fault.
 */
export class LineDecoder {
  readonly #format: FileSourceOptions['format']
  readonly #schema: RecordSchema | undefined
  /** Why the last line was refused; undefined: it was blank. */
  refused: string | undefined

  constructor(format: FileSourceOptions['format'], schema: unknown) {
    this.#format = format
    if (schema !== undefined) this.#schema = new RecordSchema(schema, 'a file source')
  }

  decode(bytes: Buffer, start: number, end: number): unknown {
    this.refused = undefined
    const text = bytes.toString('utf8', start, end)
    // U+FFFD stands for bytes that are no UTF-8, or for itself: rare enough to look closer.
    if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(start, end))) return this.#refuse('it is not UTF-8')
    let value: unknown = text
    if (this.#format === 'json') {
      try {
        value = JSON.parse(text)
      } catch (error) {
        return text.trim() === '' ? NO_RECORD : this.#refuse(`it is not JSON: ${(error as Error).message}`)
      }
    }
    if (this.#schema === undefined) return value
    const checked = this.#schema.check(value)
    return 'refused' in checked ? this.#refuse(checked.refused) : checked.value
  }

  /** The first characters of a line, for people. */
  sample(bytes: Buffer, start: number, end: number): string {
    const text = JSON.stringify(bytes.toString('utf8', start, Math.min(end, start + SAMPLE_CHARACTERS)))
    return end - start > SAMPLE_CHARACTERS ? `${text}… (${end - start} bytes)` : text
  }

  #refuse(why: string): typeof NO_RECORD {
    this.refused = why
    return NO_RECORD
  }
}
