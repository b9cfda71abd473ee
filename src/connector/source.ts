import type { Clock } from '../kit/clock.js'
import type { CheckpointId } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { SplitPosition } from '../state/snapshot.js'

/**
 * The edge where records come in, in two halves found by the connector's name (`connector/registry.ts`).
 *
 * A `SplitEnumerator` lives at the source coordinator, with the job master: it resolves splits, start and stop once,
 * before the first record, and discovers new ones. A `SourceReader` lives in the source subtask and reads the splits
 * that it is given: synchronously, a batch at a time, out of what it has fetched ahead.
 */
export interface SplitEnumerator {
  /** All splits with their first positions, resolved (offsets, not 'latest'). Called once in a run: checkpoint 0. */
  resolve(): Promise<readonly SplitPosition[]>
  /** Splits that are not in `known`, read from their beginning. Undefined when this source never gets new ones. */
  readonly discoverEveryMs: number | undefined
  discover(known: ReadonlySet<string>): Promise<readonly SplitPosition[]>
  close(): Promise<void>
}

/**
 * The half of a source that reads. Order of calls: `addSplits`, then `poll` and `positions` in turn, `close` once and
 * last.
 */
export interface SourceReader {
  /** Takes splits, before the first poll or later. Starts fetching by itself. */
  addSplits(splits: readonly SplitPosition[]): void
  /**
   * Emits at most about a batch with `ctx.emit`. 'more': poll again; 'idle': wait for `ctx.ready()`; 'end': every
   * split that it has is at its end (if more may come is the coordinator's business). Throws what is not curable by
   * reading again.
   */
  poll(): 'more' | 'idle' | 'end'
  /** Where each split stands: after what was emitted or passed over. */
  positions(): readonly SplitPosition[]
  /** For information elsewhere (Kafka's group offsets): `positions` are those of the completed checkpoint. */
  onCheckpointComplete?(checkpoint: CheckpointId, positions: readonly SplitPosition[]): void
  /** Lets go of everything, whatever happened. */
  close(): Promise<void>
}

/** What a source's reader is given, and what it may call. */
export interface SourceContext {
  /** Time; the only way to it that a simulation can move. */
  readonly clock: Clock
  /** For operators of the cluster. */
  readonly logger: Logger
  /** The parallel index, 0 … parallelism - 1. */
  readonly subtask: number
  /** How many subtasks the source has. */
  readonly parallelism: number
  /** A record, within `poll` alone. It belongs to whoever gets it: never changed afterwards. */
  emit(record: unknown): void
  /** There is something to poll. Call from anywhere but inside `poll`. */
  ready(): void
  /** Fails the subtask: for what happens outside of `poll`. */
  fail(error: unknown): void
  /** A record was passed over by policy: counted, and a sample logged. */
  skipped(reason: unknown, sample: string): void
}

/** A source as its factory describes it: `options` are data, sent to the job master; functions stay in the bundle. */
export interface SourceSpec {
  readonly connector: string
  readonly options: Readonly<Record<string, unknown>>
  readonly functions: Readonly<Record<string, unknown>>
}
