import { RetakeError } from '../../kit/errors.js'
import { LIMITS } from '../../kit/limits.js'
import type { SplitPosition } from '../../state/snapshot.js'
import type { SourceContext, SourceReader } from '../source.js'
import type { FileSourceOptions } from './file-options.js'
import { filePosition, fileSplit } from './file-position.js'
import { LineDecoder, NO_RECORD } from './line-decoder.js'
import { SplitFile } from './split-file.js'

/** A poll ends at about this many bytes, or after `LIMITS.batchRecords` lines. */
const POLL_BYTES = 4 * LIMITS.batchBytes

/** Reads the files of one source subtask, one after the other: one is open at a time. */
export class FileReader implements SourceReader {
  readonly #onBadRecord: FileSourceOptions['onBadRecord']
  readonly #decoder: LineDecoder
  readonly #ctx: SourceContext
  readonly #files: SplitFile[] = []
  /** Those before it have been read. */
  #current = 0

  constructor({ format, onBadRecord }: FileSourceOptions, schema: unknown, ctx: SourceContext) {
    this.#onBadRecord = onBadRecord
    this.#decoder = new LineDecoder(format, schema)
    this.#ctx = ctx
  }

  addSplits(splits: readonly SplitPosition[]): void {
    const events = { fetched: () => this.#ctx.ready(), failed: (error: unknown) => this.#ctx.fail(error) }
    for (const split of splits) this.#files.push(new SplitFile(split.owner, filePosition(split), events))
  }

  poll(): 'more' | 'idle' | 'end' {
    let lines: number = LIMITS.batchRecords
    let bytes: number = POLL_BYTES
    while (lines > 0 && bytes > 0) {
      const file = this.#files[this.#current]
      if (file === undefined) return 'end'
      if (file.isEnded) {
        this.#current++
        void file.close()
        continue
      }
      if (!file.advance()) return 'idle'
      this.#emit(file)
      bytes -= file.cursor.lineBytes
      lines--
      file.passed()
    }
    return 'more'
  }

  positions(): readonly SplitPosition[] {
    return this.#files.map((file) => fileSplit(file.owner, file.position))
  }

  async close(): Promise<void> {
    await Promise.all(this.#files.map((file) => file.close()))
  }

  #emit(file: SplitFile): void {
    const { cursor, lineStart } = file
    const record = this.#decoder.decode(cursor.bytes, lineStart, cursor.end)
    if (record !== NO_RECORD) return this.#ctx.emit(record)
    const { refused } = this.#decoder
    if (refused === undefined) return
    const sample = this.#decoder.sample(cursor.bytes, lineStart, cursor.end)
    const error = badLine(file.where, refused, sample)
    if (this.#onBadRecord === 'fail') throw error
    this.#ctx.skipped(error, sample)
  }
}

function badLine(where: string, refused: string, sample: string): RetakeError {
  return new RetakeError('RT1471', {
    what: `${where} cannot be decoded`,
    why: `${refused}; it is ${sample}`,
    fix: 'correct the schema or the file, or pass over such lines with onBadRecord: "skip"',
    where,
  })
}
