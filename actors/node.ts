import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { Outcome } from '#src/cluster/log-entry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import type { Clock } from '#src/kit/clock.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { CheckpointId, RunId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { JobEvent } from './job-event.js'

export interface NodeOptions {
  /** Logs, parts, bundles and manifests are kept here; what an earlier process left is gone on with. */
  readonly stateDirectory: string
  /** Of each task manager. */
  readonly slots: number
  /** Default 1. */
  readonly taskManagers?: number
  /** Forces every channel over this NATS, for tests and for measuring. */
  readonly nats?: { readonly servers: string } | undefined
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export interface JobSubmission {
  /** Path of the job's file, TypeScript or JavaScript. */
  readonly file: string
  readonly params: Readonly<Record<string, string>>
  /** Instead of the job's own default parallelism. */
  readonly parallelism?: number | undefined
  /** Start from this checkpoint of an ended run: its id (of the newest run of this job), or the path of its manifest. */
  readonly fromCheckpoint?: string | undefined
  readonly allowRepeatedRows?: boolean | undefined
}

/** A run that a node directs. */
export interface JobHandle {
  readonly run: RunId
  readonly plan: JobPlan
  /** Hears everything from now on, the current status first. */
  follow(listener: (event: JobEvent) => void): void
  cancel(): Promise<void>
  /** Rejects when it fails. */
  checkpointNow(): Promise<CheckpointRecord>
  readonly ended: Promise<JobEnd>
}

export interface JobEnd {
  readonly outcome: Outcome
  readonly error: ErrorInfo | undefined
  /** The newest complete checkpoint: what a later run may start from. */
  readonly checkpoint: CheckpointId | undefined
}

/** The whole cast in one process: what `retake dev` runs. */
export interface Node {
  submit(submission: JobSubmission): Promise<JobHandle>
  /** Goes on with the unended run of the job in `file` that the state directory holds; undefined when there is none. */
  resume(submission: JobSubmission): Promise<JobHandle | undefined>
  /** Ends the thread of one slot as a crash would. False: none is open. */
  crashSlot(): Promise<boolean>
  /** Lets go of everything; jobs stay unended in their logs. */
  stop(): Promise<void>
}

export declare function startNode(options: NodeOptions): Promise<Node>
