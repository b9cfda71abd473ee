import { newSystemId } from '#src/actor/address.js'
import { ActorSystem } from '#src/actor/system.js'
import type { NatsOptions } from '#src/actor/transport/nats-client.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import { STATUS_OF } from '#src/cluster/log-entry.js'
import type { SystemGroup } from '#src/cluster/protocol.js'
import { NO_HISTORY } from '#src/cluster/run-history.js'
import type { Clock } from '#src/kit/clock.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { JobDetails, JobSummary, NodeStatus, ThreadActors } from './cluster-view.js'
import type { LookAtActors, LookAtNodes, LookAtRun, LookAtRuns } from './front-desk.js'
import { JobClient, type JobHandle, type RunHandle } from './job-client.js'
import type { ListedRun } from './job-manager.js'
import type { JobSubmission } from './job-order.js'
import type { JobReport } from './job-report.js'
import { LeaderLine } from './leader-line.js'
import { LEADING_FRONT_DESK, LEADING_JOB_MANAGER } from './role-addresses.js'
import { endProcess } from './transports.js'

export interface ClusterClientOptions {
  readonly nats: NatsOptions
  readonly cluster: string
  /** As what the NATS user may be heard; one who only looks is an observer. Default: client. */
  readonly group?: SystemGroup
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A cluster from outside. What it is asked rejects with RT1517 when no job manager answers. */
export interface Cluster {
  /** Bundles the job here, and has it run there. Rejects with what it is refused for. */
  submit(submission: JobSubmission): Promise<JobHandle>
  /** Rejects with RT1523 when there is no such run. */
  attach(run: RunId): Promise<RunHandle>
  /** Newest first, ended ones too. */
  jobs(): Promise<readonly JobSummary[]>
  job(run: RunId): Promise<JobDetails>
  /** The leading job manager first. */
  nodes(): Promise<readonly NodeStatus[]>
  /** Of all threads of all nodes that answer. */
  actors(): Promise<readonly ThreadActors[]>
  close(): Promise<void>
}

/** The front desk asks others, who may have to ask others. */
const LOOK_MS = LIMITS.describeMs * 3

/** An actor system of its own, without actors but those that listen: whatever it asks, it asks over NATS. */
export class ClusterClient implements Cluster {
  readonly #system: ActorSystem
  readonly #line: LeaderLine
  readonly #jobs: JobClient

  private constructor(system: ActorSystem) {
    this.#system = system
    this.#line = new LeaderLine(system)
    this.#jobs = new JobClient(system, LEADING_JOB_MANAGER)
  }

  /** Throws RT1501 to RT1505. */
  static async connect({
    nats,
    cluster,
    group = 'client',
    clock,
    random,
    logger,
  }: ClusterClientOptions): Promise<ClusterClient> {
    const transport = new NatsTransport({
      ...nats,
      cluster,
      name: group,
      carriesFrames: false,
      logger,
      onFatal: endProcess,
    })
    const id = newSystemId(group, random)
    const system = new ActorSystem({ id, clock, random, logger, transports: [transport] })
    await system.ready
    return new ClusterClient(system)
  }

  submit(submission: JobSubmission): Promise<JobHandle> {
    return this.#jobs.submit(submission)
  }

  async attach(run: RunId): Promise<RunHandle> {
    await this.#run(run)
    return this.#jobs.attach(run)
  }

  async jobs(): Promise<readonly JobSummary[]> {
    const runs = await this.#runs()
    return Promise.all(runs.map((run) => this.#details(run)))
  }

  async job(run: RunId): Promise<JobDetails> {
    return this.#details(await this.#run(run))
  }

  nodes(): Promise<readonly NodeStatus[]> {
    const look: LookAtNodes = { type: 'look-at-nodes' }
    return this.#line.read(LEADING_FRONT_DESK, look, LOOK_MS)
  }

  async actors(): Promise<readonly ThreadActors[]> {
    const look: LookAtActors = { type: 'look-at-actors' }
    return this.#line.read(LEADING_FRONT_DESK, look, LOOK_MS)
  }

  close(): Promise<void> {
    return this.#system.stop()
  }

  #runs(run?: RunId): Promise<readonly ListedRun[]> {
    const look: LookAtRuns = { type: 'look-at-runs', ...(run !== undefined && { run }) }
    return this.#line.read(LEADING_FRONT_DESK, look, LOOK_MS)
  }

  async #run(run: RunId): Promise<ListedRun> {
    const [listed] = await this.#runs(run)
    if (listed !== undefined) return listed
    throw new RetakeError('RT1523', {
      what: `there is no run ${run}`,
      why: 'the store of this cluster does not know it',
      fix: 'retake list --all shows every run that there is',
    })
  }

  /** Undefined when nobody answers. */
  async #report(run: RunId): Promise<JobReport | undefined> {
    const look: LookAtRun = { type: 'look-at-run', run }
    return this.#system.ask(LEADING_FRONT_DESK, look, { timeoutMs: LOOK_MS }).catch(() => undefined)
  }

  /** Of a run that somebody directs he tells it; of another, its log and its history. */
  async #details(run: ListedRun): Promise<JobDetails> {
    const { record, isDirected } = run
    const report = isDirected ? await this.#report(record.run) : undefined
    return { ...(report ?? recorded(run)), submittedAt: record.createdAt, bundle: record.bundle }
  }
}

/** What the store has of a run that nobody directs, or whose job master does not answer. */
function recorded({ record, state, isDirected, history = NO_HISTORY }: ListedRun): JobReport {
  const { ended, attempt, retained } = state
  const { attempts, checkpoints, failures } = history
  return {
    run: record.run,
    job: record.job,
    status: ended === undefined ? 'SUSPENDED' : STATUS_OF[ended.outcome],
    reason:
      ended !== undefined
        ? ended.error?.message
        : isDirected
          ? 'its job master does not answer'
          : 'nobody directs it',
    attempt: attempt as Attempt,
    subtasks: { running: 0, total: 0 },
    metrics: undefined,
    rates: undefined,
    checkpoint: checkpoints.find((one) => one.state === 'completed'),
    plan: undefined,
    placed: [],
    attempts,
    checkpoints,
    failures,
    retained: retained.map(({ checkpoint }) => checkpoint),
    error: ended?.error,
  }
}
