import type { RunHandle } from '../../actors/job-client.js'
import type { JobEvent } from '../../actors/job-event.js'
import type { Job } from '../api/job.js'
import type { CheckpointRecord } from '../checkpoint/checkpoint-record.js'
import { STATUS_OF } from '../cluster/log-entry.js'
import { Connectors } from '../connector/registry.js'
import type { JobStatus } from '../graph/job-status.js'
import { assertNever } from '../kit/assert.js'
import { type Duration, durationMs } from '../kit/duration.js'
import { errorOf, RetakeError } from '../kit/errors.js'
import type { RunId } from '../kit/ids.js'
import type { Logger } from '../kit/logger.js'
import type { FailureOfJob, JobRun, Patience } from './job-run.js'
import { JobShelf } from './job-shelf.js'
import {
  type JobSnapshot,
  newestAttempt,
  newestCheckpoint,
  newestEpoch,
  stagedPieces,
} from './job-snapshot.js'
import { MemoryState } from './memory-state.js'
import { type RecordedSink, recordedRows } from './recorded-rows.js'
import { recordedSink } from './recorded-sink.js'
import { RecordedTable } from './recorded-table.js'
import { type JobEnds, rewired } from './rewired-job.js'
import type { ScriptTape } from './script.js'
import { ScriptedSources, scriptedSource } from './scripted-source.js'
import { SimulatedCluster } from './simulated-cluster.js'

export interface RunningJobOptions {
  readonly job: Job
  readonly ends: JobEnds
  readonly params: Readonly<Record<string, string>>
  readonly parallelism: number | undefined
  /** That it needs. */
  readonly slots: number
  readonly tapes: ReadonlyMap<string, ScriptTape>
  readonly restoreFrom: JobSnapshot | undefined
  readonly seed: number
  /** Milliseconds since 1970. */
  readonly startsAt: number
  readonly logger: Logger
  /** `file:line` of the test's call. */
  readonly where: string
}

const PATIENCE: Duration = '1m'

/** One run of a job on a simulated cluster, and all that surrounds it: scripts, tables, the store. */
export class RunningJob implements JobRun {
  readonly #options: RunningJobOptions
  readonly #state: MemoryState
  readonly #sources: ScriptedSources
  readonly #tables: ReadonlyMap<string, RecordedTable>
  readonly #shelf = new JobShelf()
  readonly #cluster: SimulatedCluster
  readonly #failures: FailureOfJob[] = []
  #handle!: RunHandle
  #status: JobStatus = 'INITIALIZING'
  /** Why it is what it is; while it runs, why not every subtask does. */
  #reason: string | undefined
  #attempt = 0
  /** A process of this attempt was killed … */
  #crashed = 0
  /** … or the one that led the job under this epoch: what runs goes on, and another leads it. */
  #unled = 0
  #ended: Extract<JobEvent, { type: 'ended' }> | undefined

  private constructor(options: RunningJobOptions) {
    const { ends, tapes, restoreFrom, slots, seed, startsAt, logger } = options
    this.#options = options
    this.#state = new MemoryState(restoreFrom?.state)
    this.#sources = new ScriptedSources(tapes)
    this.#tables = new Map(
      [...ends.sinks.keys()].map((sink) => [sink, new RecordedTable(restoreFrom?.tables[sink])]),
    )
    const connectors = this.#connectors()
    this.#cluster = new SimulatedCluster({
      surroundings: {
        jobs: this.#shelf,
        openStore: () => this.#state.open(),
        connectors: () => connectors,
      },
      slots,
      // Runs have names, drawn from it: those in the store are taken.
      seed: seed + SEEDS_APART * (restoreFrom?.state.logs.length ?? 0),
      startsAt,
      logger,
    })
  }

  /** Resolves when it runs, or has ended well. Rejects with what it was refused for, or failed for at once. */
  static async started(options: RunningJobOptions): Promise<RunningJob> {
    const running = new RunningJob(options)
    try {
      await running.#start()
      return running
    } catch (error) {
      running.close()
      throw error
    }
  }

  async #start(): Promise<void> {
    const { job, params, parallelism, restoreFrom } = this.#options
    await this.#wait(() => this.#cluster.isReady, PATIENCE, 'start')
    const order = {
      bundle: this.#shelf.add(() => rewired(job)),
      request: { params, ...(parallelism !== undefined && { parallelism }) },
      fromCheckpoint: restoreFrom && `${restoreFrom.run}/${restoreFrom.checkpoint}`,
      allowRepeatedRows: false,
      fingerprint: undefined,
    }
    const handle = await this.#answer(this.#cluster.client.submitOrder(order), PATIENCE, 'be accepted')
    this.#handle = handle
    handle.follow((event) => this.#onEvent(event))
    await this.#wait(() => this.#isRunning || this.#ended !== undefined, PATIENCE, 'run')
    if (this.#ended?.outcome === 'failed') throw this.#endError()
  }

  get status(): JobStatus {
    return this.#status
  }

  get attempt(): number {
    return this.#attempt
  }

  get failures(): readonly FailureOfJob[] {
    return this.#failures
  }

  now(): number {
    return this.#cluster.clock.wallTime()
  }

  async advance(by: Duration): Promise<void> {
    await this.#cluster.clock.advance(durationMs(by))
  }

  async until(condition: () => boolean, { within = PATIENCE }: Patience = {}): Promise<void> {
    await this.#wait(condition, within, 'come to what was waited for')
  }

  async untilRunning({ within = PATIENCE }: Patience = {}): Promise<void> {
    await this.#wait(() => this.#isRunning || this.#ended !== undefined, within, 'run')
    if (this.#ended !== undefined) throw this.#stuck('the job was to run', this.#endError())
  }

  async untilFinished({ within = PATIENCE }: Patience = {}): Promise<void> {
    await this.#wait(() => this.#ended !== undefined, within, 'finish')
    if (this.#ended?.outcome !== 'finished') throw this.#stuck('the job was to finish', this.#endError())
  }

  async checkpoint({ within = PATIENCE }: Patience = {}): Promise<number> {
    await this.untilRunning({ within })
    await this.#wait(this.#sources.mark(), within, 'read what its scripts hold')
    const record = await this.#answer(this.#handle.checkpointNow(), within, 'complete a checkpoint')
    if (record.state !== 'completed') throw this.#checkpointError(record)
    const staged = stagedPieces(this.#state, this.#run)
    await this.#wait(
      () => staged.every(({ sink, piece }) => this.#tables.get(sink)?.holds(piece)),
      within,
      'commit what its checkpoint holds',
    )
    return record.checkpoint
  }

  crash(role: 'task-manager' | 'job-manager' = 'task-manager'): void {
    if (!this.#cluster.kill(role)) {
      throw this.#stuck(
        `a ${role === 'task-manager' ? 'task manager that runs the job' : 'job manager'} was to crash, and there is none`,
      )
    }
    if (role === 'task-manager') this.#crashed = newestAttempt(this.#state, this.#run)
    else this.#unled = newestEpoch(this.#state, this.#run)
  }

  sink<Row = unknown>(id: string): RecordedSink<Row> {
    const { ends, where } = this.#options
    const [table, sink] = [this.#tables.get(id), ends.sinks.get(id)]
    if (table === undefined || sink === undefined) {
      throw new RetakeError('RT1801', {
        what: `sink ${JSON.stringify(id)} was looked at`,
        why: `the job has ${[...ends.sinks.keys()].join(', ')}`,
        fix: 'name a sink by the id that the job gives it',
        where,
      })
    }
    // What its rows are, only the types tell.
    return recordedRows(id, table, sink.keyFields, where) as RecordedSink<Row>
  }

  async stop({ within = PATIENCE }: Patience = {}): Promise<JobSnapshot> {
    // What becomes of it is told by the job itself.
    if (this.#ended === undefined) this.#handle.cancel().catch(() => {})
    await this.#wait(() => this.#ended !== undefined, within, 'end')
    const checkpoint = newestCheckpoint(this.#state, this.#run)
    if (checkpoint === undefined) throw this.#stuck('the job was to leave a checkpoint', this.#endError())
    const tables = [...this.#tables].map(([sink, table]) => [sink, table.contents()] as const)
    this.close()
    return {
      job: this.#options.job.name,
      run: this.#run,
      checkpoint,
      takenAt: this.now(),
      state: this.#state.contents(),
      tables: Object.fromEntries(tables),
    }
  }

  close(): void {
    this.#cluster.switchOff()
    this.#sources.close()
  }

  get #run(): RunId {
    return this.#handle.run
  }

  get #isRunning(): boolean {
    const isOn = this.#attempt > this.#crashed && newestEpoch(this.#state, this.#run) > this.#unled
    return isOn && this.#status === 'RUNNING' && this.#reason === undefined
  }

  /** Under whatever names the job's own connectors have. */
  #connectors() {
    const [source, sink] = [scriptedSource(this.#sources), recordedSink(this.#tables)]
    return async (names: Iterable<string>): Promise<Connectors> => {
      const all = [...names]
      return new Connectors(
        Object.fromEntries(all.map((name) => [name, source])),
        Object.fromEntries(all.map((name) => [name, sink])),
      )
    }
  }

  #onEvent(event: JobEvent): void {
    switch (event.type) {
      case 'status':
        this.#status = event.status
        this.#reason = event.reason
        return
      case 'attempt':
        this.#attempt = event.attempt
        return
      case 'failure':
        this.#failures.push({ at: this.now(), attempt: this.#attempt, error: errorOf(event.error) })
        return
      case 'ended':
        this.#status = STATUS_OF[event.outcome]
        this.#reason = undefined
        this.#ended = event
        return
      case 'checkpoint':
      case 'metrics':
        return
      default:
        assertNever(event)
    }
  }

  async #wait(isDone: () => boolean, within: Duration, what: string): Promise<void> {
    const withinMs = durationMs(within)
    if (await this.#cluster.clock.advanceUntil(isDone, withinMs)) return
    throw this.#stuck(`within ${withinMs / 1_000} s the job was to ${what}`)
  }

  /** What a process of the cluster answers. */
  async #answer<T>(answer: Promise<T>, within: Duration, what: string): Promise<T> {
    let isAnswered = false
    const settled = answer.finally(() => {
      isAnswered = true
    })
    settled.catch(() => {}) // thrown below
    await this.#wait(() => isAnswered, within, what)
    return settled
  }

  #endError(): Error {
    const error = this.#ended?.error
    return error === undefined ? new Error(`the job is ${this.#status}`) : errorOf(error)
  }

  #checkpointError({ checkpoint, failure }: CheckpointRecord): Error {
    return failure === undefined
      ? this.#stuck(`checkpoint ${checkpoint} was to be complete`)
      : errorOf(failure)
  }

  #stuck(what: string, cause: Error | undefined = this.#failures.at(-1)?.error): RetakeError {
    return new RetakeError('RT1801', {
      what,
      why: this.#standing(cause),
      fix: 'look at its failures; if it only takes longer, wait with { within }',
      where: this.#options.where,
      cause,
    })
  }

  /** For people. */
  #standing(cause: Error | undefined): string {
    const reason = this.#reason === undefined ? '' : ` (${this.#reason})`
    const checkpoint = this.#handle === undefined ? undefined : newestCheckpoint(this.#state, this.#run)
    const failure = cause === undefined ? '' : `; the newest failure: ${cause.message}`
    return `it is ${this.#status}${reason}, at attempt ${this.#attempt}, and its newest checkpoint is ${checkpoint ?? 'none'}${failure}`
  }
}

/** Between the seeds of runs that go on from one another. */
const SEEDS_APART = 1_000_003
