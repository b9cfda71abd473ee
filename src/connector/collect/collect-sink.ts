import { type FileHandle, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { makeFolder } from '../../kit/make-folder.js'
import { type LineOutput, LineWriter } from '../line-writer.js'
import type { SinkConnector } from '../registry.js'

/** Appends a line of JSON for each record to one file, from all subtasks: what a test reads with `readCollected`. */
export const collectSink: SinkConnector = {
  writer: ({ options }, ctx) => new LineWriter(ctx, new AppendedFile(String(options['path']))),
}

/** The system appends each write as a whole, so that lines of several threads do not mix. */
class AppendedFile implements LineOutput {
  readonly #path: string
  #file: FileHandle | undefined

  constructor(path: string) {
    this.#path = path
  }

  async open(): Promise<void> {
    await makeFolder(dirname(this.#path))
    this.#file = await open(this.#path, 'a')
  }

  async write(lines: string): Promise<void> {
    await this.#file?.appendFile(lines)
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }
}
