import type { Capture } from '../../state/snapshot.js'
import type { SinkConnector } from '../registry.js'
import type { SinkContext, SinkWriter } from '../sink.js'

/** Takes every record and keeps none: the end of a benchmark. */
export const discardSink: SinkConnector = {
  writer: (_, ctx) => new DiscardWriter(ctx),
}

/** Counts what it is given, and says at the end how much that was. */
class DiscardWriter implements SinkWriter {
  readonly #ctx: SinkContext
  #records = 0

  constructor(ctx: SinkContext) {
    this.#ctx = ctx
  }

  async open(): Promise<void> {}

  write(records: readonly unknown[]): void {
    this.#records += records.length
  }

  isReady(): boolean {
    return true
  }

  capture(): Capture {
    return { slice: () => true, upload: async () => ({}) }
  }

  onCheckpointComplete(): void {}

  async drain(): Promise<void> {}

  async close(): Promise<void> {
    const { operator, subtask } = this.#ctx
    this.#ctx.logger.info({ operator, subtask, records: this.#records }, 'records were discarded')
  }
}
