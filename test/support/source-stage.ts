import type { SourceConnector } from '#src/connector/registry.js'
import type { SourceReader, SourceSpec } from '#src/connector/source.js'
import { type Clock, systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import type { SplitPosition } from '#src/state/snapshot.js'

export interface SourceStageOptions {
  readonly clock?: Clock
  readonly subtask?: number
  readonly parallelism?: number
}

/** A source's reader with a subtask around it that keeps what the reader emits: for tests of one source alone. */
export class StagedSource<T = unknown> {
  readonly reader: SourceReader
  readonly emitted: T[] = []
  readonly skipped: { readonly reason: unknown; readonly sample: string }[] = []
  polls = 0
  readyCalls = 0
  #onWord: () => void = () => {}
  #failure: { readonly error: unknown } | undefined

  constructor(connector: SourceConnector, spec: SourceSpec, options: SourceStageOptions = {}) {
    const { clock = systemClock, subtask = 0, parallelism = 1 } = options
    this.reader = connector.reader(spec, {
      clock,
      logger: silentLogger,
      subtask,
      parallelism,
      emit: (record) => this.emitted.push(record as T),
      ready: () => {
        this.readyCalls++
        this.#onWord()
      },
      fail: (error) => {
        this.#failure ??= { error }
        this.#onWord()
      },
      skipped: (reason, sample) => this.skipped.push({ reason, sample }),
    })
  }

  poll(): 'more' | 'idle' | 'end' {
    this.polls++
    return this.reader.poll()
  }

  /** Polls until it is told to wait, or is at the end. */
  pollWhileMore(): 'idle' | 'end' {
    for (;;) {
      const polled = this.poll()
      if (polled !== 'more') return polled
    }
  }

  /** Polls, and waits whenever it is told to, up to the end. Throws what the reader throws or reports. */
  async readToEnd(): Promise<readonly T[]> {
    while (this.pollWhileMore() !== 'end') await this.word()
    return this.emitted
  }

  /** Resolves when the reader calls `ready`; rejects when it calls `fail`. */
  async word(): Promise<void> {
    if (this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#onWord = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  positions(): readonly SplitPosition[] {
    return this.reader.positions()
  }
}

/** What checkpoint 0 of a run holds of this source. */
export async function splitsOf(
  connector: SourceConnector,
  { options }: SourceSpec,
  parallelism = 1,
): Promise<readonly SplitPosition[]> {
  const enumerator = connector.enumerator(options, { clock: systemClock, logger: silentLogger, parallelism })
  try {
    return await enumerator.resolve()
  } finally {
    await enumerator.close()
  }
}

/** As positions come back from a checkpoint: data that went through the manifest. */
export function restored(splits: readonly SplitPosition[]): readonly SplitPosition[] {
  return structuredClone(splits)
}
