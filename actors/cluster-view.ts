import type { ActorRef } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type { AttemptRecord, FailureRecord } from '#src/cluster/run-history.js'
import type { ExecutionState } from '#src/graph/execution-state.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import type { JobStatus } from '#src/graph/job-status.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, NodeId, RunId, SlotIndex, SubtaskId } from '#src/kit/ids.js'
import type { JobMetrics } from './job-event.js'
import type { SubtaskMetrics } from './subtask.js'
import type { TaskManagerMessage } from './task-manager.js'

/** What a cluster shows of itself: data for people and scripts. Times of day are milliseconds since 1970. */

/** One run, as a list shows it. */
export interface JobSummary {
  readonly run: RunId
  readonly job: string
  readonly status: JobStatus
  /** Why the status is what it is: what the job waits for, or what it failed for. */
  readonly reason: string | undefined
  readonly submittedAt: number
  /** Of the current attempt; 0 when none has started. */
  readonly attempt: Attempt
  readonly subtasks: { readonly running: number; readonly total: number }
  /** Of the current attempt; undefined when nobody directs the run. */
  readonly metrics: JobMetrics | undefined
  readonly rates: JobRates | undefined
  /** The newest complete one that is remembered. */
  readonly checkpoint: CheckpointRecord | undefined
}

/** Over the last few seconds. */
export interface JobRates {
  readonly recordsInPerSecond: number
  readonly recordsOutPerSecond: number
  /** Shares of the time of all subtasks, 0 to 1. */
  readonly busy: number
  readonly backpressured: number
}

/** One run, as it is shown by itself. */
export interface JobDetails extends JobSummary {
  /** sha256 of its code. */
  readonly bundle: string
  /** Undefined when nobody directs the run any more. */
  readonly plan: JobPlan | undefined
  readonly placed: readonly PlacedSubtask[]
  /** Newest first, as all that is of the past: under whichever leader it was. */
  readonly attempts: readonly AttemptRecord[]
  /** Pending ones and those of the past, newest first. */
  readonly checkpoints: readonly CheckpointRecord[]
  /** Newest first. */
  readonly failures: readonly FailureRecord[]
  /** What a later run may start from, oldest first. */
  readonly retained: readonly CheckpointId[]
  /** Of a run that FAILED. */
  readonly error: ErrorInfo | undefined
}

export interface PlacedSubtask {
  readonly subtask: SubtaskId
  /** Names of the operators of its chain. */
  readonly vertex: string
  readonly state: ExecutionState
  readonly node: NodeId
  readonly slot: SlotIndex
  readonly metrics: SubtaskMetrics | undefined
}

export type NodeRole = 'job-manager' | 'task-manager'

/** A living node, as the leader sees it. */
export interface NodeStatus extends NodeInfo {
  readonly roles: readonly NodeRole[]
  /** Of the nodes with the role job-manager one leads, the others stand by. */
  readonly isLeader: boolean
  readonly state: 'alive' | 'draining'
  /** 0 for one that is only a job manager. */
  readonly slots: number
  readonly freeSlots: number
  /** Resident memory of the process, at its last heartbeat. */
  readonly residentBytes: number
  readonly heardAgoMs: number
  /** How far its clock is ahead of the leader's. */
  readonly clockSkewMs: number
  /** Its time of day when this was told, as far as the leader knows. */
  readonly wallTime: number
  /** Writes of this process that a sink's fence turned away, over all its incarnations. */
  readonly fencedWrites: number
  /** Undefined for one that is only a job manager. */
  readonly taskManager: ActorRef<TaskManagerMessage> | undefined
}

/** The actors of one thread. */
export interface ThreadActors {
  readonly node: NodeId
  readonly name: string
  /** Undefined: the main thread. */
  readonly slot: SlotIndex | undefined
  readonly tree: ActorSnapshot
}
