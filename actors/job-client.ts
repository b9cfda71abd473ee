import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import type { ActorSystem } from '#src/actor/system.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { piecesOf } from '#src/cluster/bundle-upload.js'
import type { Outcome } from '#src/cluster/log-entry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { assert } from '#src/kit/assert.js'
import { type ErrorInfo, RetakeError } from '#src/kit/errors.js'
import type { CheckpointId, RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { JobEvent } from './job-event.js'
import type {
  JobAccepted,
  JobManagerMessage,
  ListedRun,
  ListRuns,
  SubmitJob,
  UploadBundle,
} from './job-manager.js'
import type { CancelJob, DescribeJob, TakeCheckpoint } from './job-master.js'
import { type JobOrder, type JobSubmission, orderOf } from './job-order.js'
import type { JobReport } from './job-report.js'
import { LeaderLine } from './leader-line.js'
import { jobMasterOf } from './role-addresses.js'

/** A run, from outside. */
export interface RunHandle {
  readonly run: RunId
  /** Hears everything from now on, the current status first. */
  follow(listener: (event: JobEvent) => void): void
  /**
   * Resolves once it is certain that the run ends: canceled, if it has not ended otherwise, whoever leads by then. Rejects
   * with RT1517 when nobody says so in time; then it may go on, or not. May be asked again.
   */
  cancel(): Promise<void>
  /** Resolves when it is complete, or has failed; says which. */
  checkpointNow(): Promise<CheckpointRecord>
  /** Rejects with RT1513 when another node takes the run over. */
  readonly ended: Promise<JobEnd>
}

/** A run that was just submitted, or resumed. */
export interface JobHandle extends RunHandle {
  readonly plan: JobPlan
}

export interface JobEnd {
  readonly outcome: Outcome
  readonly error: ErrorInfo | undefined
  /** The newest complete checkpoint: what a later run may start from. */
  readonly checkpoint: CheckpointId | undefined
}

/** A submission may have to be planned, and a checkpoint read. */
const SUBMIT = { timeoutMs: 120_000 }
/** Whoever looks is told at once when nobody is there. */
const SHORT = { timeoutMs: LIMITS.describeMs * 2 }
/** Idempotent: put again while nobody answers. */
const PATIENT = { timeoutMs: 10_000, repeatMs: LIMITS.controlAsk.repeatMs }

/** What one can do with jobs from outside of all actors: from the job manager's own process, or from any other. */
export class JobClient {
  readonly #system: ActorSystem
  readonly #jobManager: ActorRef<JobManagerMessage>
  readonly #line: LeaderLine
  #followers = 0

  /** @param jobManager by its system, or by its name */
  constructor(system: ActorSystem, jobManager: ActorRef<JobManagerMessage>) {
    this.#system = system
    this.#jobManager = jobManager
    this.#line = new LeaderLine(system)
  }

  /** Starts a new run. Rejects with what the submission is refused for. */
  async submit(submission: JobSubmission): Promise<JobHandle> {
    return this.submitOrder(await this.#uploaded(submission))
  }

  /** The same for code that is in the store already. */
  async submitOrder(order: JobOrder): Promise<JobHandle> {
    const accepted = await this.#order('submit', order)
    assert(accepted !== undefined, 'what is submitted is accepted or refused')
    return this.#handleOf(accepted)
  }

  /** Goes on with the unended run of the job in that file; undefined when there is none. */
  async resume(submission: JobSubmission): Promise<JobHandle | undefined> {
    const accepted = await this.#order('resume', await this.#uploaded(submission))
    return accepted === undefined ? undefined : this.#handleOf(accepted)
  }

  /** All runs that are known, newest first, or the one that is named. */
  runs(run?: RunId): Promise<readonly ListedRun[]> {
    const list: ListRuns = { type: 'list-runs', ...(run !== undefined && { run }) }
    return this.#line.read(this.#jobManager, list, SHORT.timeoutMs)
  }

  async #uploaded(submission: JobSubmission): Promise<JobOrder> {
    const { order, bundle } = await orderOf(submission)
    for (const piece of piecesOf(bundle)) {
      const upload: UploadBundle = { type: 'upload', piece }
      await this.#line.ask(this.#jobManager, upload, PATIENT)
    }
    return order
  }

  #order(type: 'submit' | 'resume', order: JobOrder): Promise<JobAccepted | undefined> {
    const submit: SubmitJob = { type, order }
    return this.#line.ask(this.#jobManager, submit, SUBMIT)
  }

  /** What whoever directs the run says of it; undefined when nobody answers. */
  async describe(run: RunId): Promise<JobReport | undefined> {
    const describe: DescribeJob = { type: 'describe' }
    return this.#system.ask(jobMasterOf(this.#jobManager, run), describe, SHORT).catch(() => undefined)
  }

  /** Of each run that runs; one that fails is as good as none. */
  async checkpointAll(): Promise<void> {
    const runs = await this.runs()
    await Promise.all(
      runs.map(async ({ record: { run }, isDirected }) => {
        const report = isDirected ? await this.describe(run) : undefined
        const isRunning = report?.status === 'RUNNING' && report.reason === undefined
        if (isRunning) await this.#checkpointNow(run).catch(() => undefined)
      }),
    )
  }

  #handleOf({ run, plan }: JobAccepted): JobHandle {
    return { ...this.attach(run), plan }
  }

  /** A run that somebody directs. */
  attach(run: RunId): RunHandle {
    const jobMaster = jobMasterOf(this.#jobManager, run)
    const follow = (listener: (event: JobEvent) => void) => this.#follow(run, listener)
    const ended = new Promise<JobEnd>((resolve, reject) => {
      follow((event) => {
        if (event.type === 'status' && event.status === 'SUSPENDED') reject(directedElsewhere(run))
        if (event.type !== 'ended') return
        resolve({ outcome: event.outcome, error: event.error, checkpoint: event.checkpoint })
      })
    })
    ended.catch(() => undefined) // heard by whoever awaits it
    const cancel: CancelJob = { type: 'cancel' }
    return {
      run,
      follow,
      ended,
      // Whoever could have answered may be gone with the run: its end is an answer, too.
      cancel: async () => void (await Promise.race([this.#line.ask(jobMaster, cancel, PATIENT), ended])),
      checkpointNow: () => this.#checkpointNow(run),
    }
  }

  #checkpointNow(run: RunId): Promise<CheckpointRecord> {
    const checkpoint: TakeCheckpoint = { type: 'checkpoint-now' }
    return this.#line.ask(jobMasterOf(this.#jobManager, run), checkpoint, SUBMIT)
  }

  #follow(run: RunId, listener: (event: JobEvent) => void): void {
    this.#system.spawn(`follower-${this.#followers++}`, new Follower(this.#jobManager, run, listener))
  }
}

type FollowerMessage = JobEvent | { readonly type: 'listen' }

/**
 * Hears of one run until it ends. Words to it may be lost, and a job manager that is started again knows no followers:
 * after a while of silence it asks again, and passes on only what is news.
 */
class Follower implements Actor<FollowerMessage> {
  readonly #jobManager: ActorRef<JobManagerMessage>
  readonly #run: RunId
  readonly #listener: (event: JobEvent) => void
  #status: Extract<JobEvent, { type: 'status' }> | undefined
  #attempt = 0

  constructor(jobManager: ActorRef<JobManagerMessage>, run: RunId, listener: (event: JobEvent) => void) {
    this.#jobManager = jobManager
    this.#run = run
    this.#listener = listener
  }

  start(ctx: ActorContext<FollowerMessage>): void {
    this.#ask(ctx)
  }

  receive(message: FollowerMessage, ctx: ActorContext<FollowerMessage>): void {
    if (message.type === 'listen') return this.#ask(ctx)
    ctx.after('listen', LIMITS.followAgainMs, { type: 'listen' })
    if (!this.#isNews(message)) return
    this.#listener(message)
    if (message.type === 'ended') ctx.exit()
  }

  #ask(ctx: ActorContext<FollowerMessage>): void {
    ctx.send(this.#jobManager, { type: 'follow', run: this.#run, follower: ctx.self })
    ctx.after('listen', LIMITS.followAgainMs, { type: 'listen' })
  }

  #isNews(event: JobEvent): boolean {
    if (event.type === 'attempt') {
      if (event.attempt <= this.#attempt) return false
      this.#attempt = event.attempt
      this.#status = undefined
    }
    if (event.type === 'status') {
      if (event.status === this.#status?.status && event.reason === this.#status.reason) return false
      this.#status = event
    }
    return true
  }
}

function directedElsewhere(run: RunId): RetakeError {
  return new RetakeError('RT1513', {
    what: `this node no longer directs run ${run}`,
    why: 'another node has taken it over, and goes on from its newest checkpoint',
    fix: 'nothing if it was on purpose: follow the run there; else end one of the two nodes',
  })
}
