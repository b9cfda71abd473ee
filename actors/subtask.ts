import type { Actor, ActorContext, DataLane, ExitReason, Outcome } from '#src/actor/actor.js'
import type { Inbox } from '#src/channel/inbox.js'
import type { Outbox } from '#src/channel/outbox.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { type CheckpointId, type SubtaskId, subtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Chain, ChainCapture } from '#src/operator/chain.js'
import type { SubtaskSnapshot } from '#src/state/snapshot.js'
import type { SubtaskDeployment } from './subtask-deployment.js'
import type { SubtaskMessage } from './subtask-message.js'

/**
 * Where a subtask is in its life.
 *
 *     opening    restoring state, connecting; takes no input, passes no barrier
 *     connecting its chain is open, but not every channel has been answered
 *     running    takes input
 *     ended      all inputs have ended and every end hook has run; goes on passing barriers
 *     draining   a checkpoint after its end is complete; waits until its sink has confirmed every commit
 *     closing    letting go; takes nothing any more
 */
type Phase = 'opening' | 'connecting' | 'running' | 'ended' | 'draining' | 'closing'

/** One snapshot on its way: first encoded in slices, then uploaded, then acknowledged. */
interface Snapshot {
  readonly checkpoint: CheckpointId
  readonly capture: ChainCapture
  readonly afterEnd: boolean
  readonly startedAt: number
}
