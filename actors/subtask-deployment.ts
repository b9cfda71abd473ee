import type { Address } from '#src/actor/actor.js'
import type { OperatorRestoration } from '#src/checkpoint/restore.js'
import type { Origin } from '#src/cluster/log-entry.js'
import type { Attempt, ChannelIndex, RunId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import type { Direction } from './direction.js'

/** All that a slot needs to run one subtask of one attempt; plain data. What is code comes from the job's bundle. */
export interface SubtaskDeployment {
  readonly job: string
  readonly run: RunId
  readonly attempt: Attempt
  readonly vertex: VertexIndex
  readonly subtask: SubtaskIndex
  /** In the order of its input channels. */
  readonly inputs: readonly InputDeployment[]
  /** One per outgoing edge of its vertex. */
  readonly outputs: readonly OutputDeployment[]
  /** Sources: where each of its splits begins. */
  readonly splits: readonly SplitPosition[]
  /** In the order of the chain. */
  readonly restored: readonly OperatorRestoration[]
  /** Sources: no split will be added while the job runs. */
  readonly allSplitsKnown: boolean
  /** The checkpoint that this attempt starts from, and the run that took it. */
  readonly restoredFrom: Origin
  readonly allowRepeatedRows: boolean
  /** Until another adopts it. */
  readonly direction: Direction
}

export interface InputDeployment {
  /** The upstream subtask, to which grants go … */
  readonly sender: Address
  /** … under the index that this channel has among that subtask's outputs. */
  readonly outputChannel: ChannelIndex
}

export interface OutputDeployment {
  /** Position in the plan's edges. */
  readonly edge: number
  /** The channels of this edge, in the order that its partitioner counts them. */
  readonly channels: readonly { readonly receiver: Address; readonly inputChannel: ChannelIndex }[]
}
