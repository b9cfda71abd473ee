import type { Actor, ActorContext, ActorRef, Answer, Asks, ExitReason, Outcome } from '#src/actor/actor.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { blobName } from '#src/checkpoint/blob-name.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { type Manifest, MANIFEST_FORMAT, type SourceState } from '#src/checkpoint/manifest.js'
import { decodeManifest, encodeManifest } from '#src/checkpoint/manifest-codec.js'
import { restoreOf } from '#src/checkpoint/restore.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { Outcome as JobOutcome, RetainedCheckpoint } from '#src/cluster/log-entry.js'
import { RestartStrategy } from '#src/actor/restart-strategy.js'
import type { SourceConnector } from '#src/connector/registry.js'
import { type ExecutionGraph, executionGraphOf, requiredSlots } from '#src/graph/execution-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { type JobStatus, isTerminal, JobStatusMachine } from '#src/graph/job-status.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf, isCurable, RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, Epoch, NodeId, OperatorId, RunId, SlotIndex, SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { type Random, randomToken } from '#src/kit/random.js'
import {
  CheckpointCoordinator,
  type CheckpointCoordinatorMessage,
  type CheckpointCoordinatorReport,
} from './checkpoint-coordinator.js'
import { deploymentsOf, subtaskAddress } from './deployments.js'
import { JobAttempt } from './job-attempt.js'
import type { JobEvent, JobMetrics } from './job-event.js'
import { type Appended, type LogStep, LogWriter } from './log-writer.js'
import type { ResourceManagerMessage, SlotsAnswer } from './resource-manager.js'
import type { JobCode } from './slot-threads.js'
import { SourceCoordinator, type SourceCoordinatorMessage, type SourceCoordinatorReport } from './source-coordinator.js'
import type { SubtaskMessage, SubtaskMetrics } from './subtask.js'
import type { OpenSlotAnswer } from './task-manager.js'

/** What a job master hears, and from whom. */
export type JobMasterMessage =
  // its children
  | CheckpointCoordinatorReport
  | SourceCoordinatorReport
  // subtasks and slots; asks may be repeated
  | SubtaskChanged
  | SubtaskFailed
  | { readonly type: 'metrics'; readonly subtask: SubtaskId; readonly attempt: Attempt; readonly metrics: SubtaskMetrics }
  // task managers
  | SlotLost
  // whoever runs or watches the job
  | ({ readonly type: 'cancel' } & Asks<'ok'>)
  | { readonly type: 'follow'; readonly follower: ActorRef<JobEvent> }
  | ({ readonly type: 'checkpoint-now' } & Asks<CheckpointRecord>)
  // its own steps
  | { readonly type: 'log-step'; readonly outcome: Outcome<LogStep> }
  | { readonly type: 'log-again' }
  | { readonly type: 'resolved'; readonly source: OperatorId; readonly answer: Answer<SourceState> }
  | { readonly type: 'first-manifest'; readonly outcome: Outcome<RetainedCheckpoint> }
  | { readonly type: 'manifest'; readonly outcome: Outcome<Manifest> }
  | { readonly type: 'slots'; readonly answer: Answer<SlotsAnswer> }
  | { readonly type: 'request-slots' }
  | { readonly type: 'slot-opened'; readonly attempt: Attempt; readonly index: number; readonly answer: Answer<OpenSlotAnswer> }
  | { readonly type: 'deployed'; readonly attempt: Attempt; readonly subtask: SubtaskId; readonly answer: Answer<'ok'> }
  | { readonly type: 'slot-closed'; readonly attempt: Attempt; readonly index: number }
  | { readonly type: 'task-manager-ended'; readonly node: NodeId; readonly reason: ExitReason }
  | { readonly type: 'restart-due' }
  | { readonly type: 'report' }
  | { readonly type: 'told' }

export type SubtaskChanged = {
  readonly type: 'subtask-changed'
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly state: 'RUNNING' | 'FINISHED'
} & Asks<'ok'>

export type SubtaskFailed = {
  readonly type: 'subtask-failed'
  readonly subtask: SubtaskId
  readonly attempt: Attempt
  readonly error: ErrorInfo
} & Asks<'ok'>

export type SlotLost = {
  readonly type: 'slot-lost'
  readonly attempt: Attempt
  readonly node: NodeId
  readonly slot: SlotIndex
  readonly error: ErrorInfo
} & Asks<'ok'>
