import { type LineOutput, LineWriter } from '../line-writer.js'
import type { SinkConnector } from '../registry.js'

/**
 * A line of JSON for each record on the process's standard output: data goes there, all talk to standard error.
 *
 * In a slot's thread the stream is passed on by the process's main thread, a write at a time: so lines of several
 * subtasks never mix within a line, and a write has happened when the main thread has taken it.
 */
export const consoleSink: SinkConnector = {
  writer: (_, ctx) => new LineWriter(ctx, new StreamOutput(process.stdout)),
}

/** What of a writable stream is needed here. */
export interface TextStream {
  write(text: string, written: (error?: Error | null) => void): unknown
}

export class StreamOutput implements LineOutput {
  readonly #stream: TextStream

  constructor(stream: TextStream) {
    this.#stream = stream
  }

  async open(): Promise<void> {}

  write(lines: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#stream.write(lines, (error) => (error ? reject(error) : resolve()))
    })
  }

  /** The stream belongs to the process. */
  async close(): Promise<void> {}
}
