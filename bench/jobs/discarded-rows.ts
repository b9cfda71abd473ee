import type { LogFields, Logger } from '#src/kit/logger.js'

/** A node's log, read for one thing: every discarding sink says at its end how many rows it was given. */
export class DiscardedRows implements Logger {
  rows = 0

  debug(): void {}

  info({ records }: LogFields, message: string): void {
    if (message === 'records were discarded') this.rows += Number(records)
  }

  warn(): void {}

  error(): void {}

  with(): Logger {
    return this
  }
}
