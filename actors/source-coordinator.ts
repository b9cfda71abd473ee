import type { ActorRef, Asks } from '#src/actor/actor.js'
import type { SourceState } from '#src/checkpoint/manifest.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, OperatorId } from '#src/kit/ids.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import type { AssignSplits } from './subtask-message.js'

/** What a source coordinator hears, and from whom. */
export type SourceCoordinatorMessage =
  // the job master
  /** Resolve splits, once in a run; answered with what checkpoint 0 holds of this source. */
  | ({ readonly type: 'resolve' } & Asks<SourceState>)
  /** A restart, or a run started from a checkpoint: this is what was known then. */
  | ({ readonly type: 'restore'; readonly state: SourceState } & Asks<'ok'>)
  /** All subtasks of `attempt` run. `readers[i]` is the source subtask of parallel index i. */
  | {
      readonly type: 'attempt-running'
      readonly attempt: Attempt
      readonly readers: readonly ActorRef<AssignSplits>[]
    }
  | { readonly type: 'attempt-ended'; readonly attempt: Attempt }
  // the checkpoint coordinator
  /** Answered when every assignment has been answered; new ones wait until `barriers-emitted` or `aborted`. */
  | ({
      readonly type: 'snapshot'
      readonly attempt: Attempt
      readonly checkpoint: CheckpointId
    } & Asks<SourceState>)
  | ({
      readonly type: 'barriers-emitted' | 'aborted'
      readonly attempt: Attempt
      readonly checkpoint: CheckpointId
    } & Asks<'ok'>)

/** What a source coordinator tells the job master. */
export type SourceCoordinatorReport = {
  readonly type: 'source-failed'
  readonly source: OperatorId
  readonly error: ErrorInfo
}

/** Splits that restored readers hold already, and those that nobody does. */
export type KnownSplits = readonly SplitPosition[]
