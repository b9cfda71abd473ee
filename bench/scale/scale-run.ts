import type { RunHandle } from '#actors/job-client.js'
import type { JobEvent } from '#actors/job-event.js'
import type { Phase } from './phase.js'
import { ScaleCluster } from './scale-cluster.js'
import { type Shape, scaleJob } from './scale-job.js'

export interface Size {
  /** Task managers. */
  readonly nodes: number
  /** Of each; every one has a source and a sum. */
  readonly slots: number
  readonly shape: Shape
}

/** All subtasks run at its end. Moments are virtual milliseconds after its begin. */
export interface Start {
  readonly phase: Phase
  /** That something has failed is known. */
  readonly failedMs: number | undefined
  /** The attempt is in the log. */
  readonly attemptMs: number | undefined
  readonly runningMs: number
}

/** Another node leads at its end, and has completed a checkpoint of what ran all the while. */
export interface Failover {
  readonly phase: Phase
  readonly leadsMs: number
  readonly adoptedMs: number
  readonly checkpointMs: number
}

export interface Figures {
  readonly size: Size
  readonly deployment: Start
  /** `REST_MS` in which no checkpoint is taken. */
  readonly rest: Phase
  /** Each with all that follows of it in `CHECKPOINT_MS`. */
  readonly checkpoints: readonly Phase[]
  /** A task manager is killed, and started again after a second. */
  readonly recovery: Start
  /** Whoever leads is killed. */
  readonly failover: Failover
}

/** What is sent every second, or more often, is sent just as often in it. */
export const REST_MS = 10_000
/** Channels ask whether all has arrived when they have been idle for half a second. */
export const CHECKPOINT_MS = 1_000
/** The first ones fill what is retained: from then on each lets an older one go. */
const WARM_UP = 4
const CHECKPOINTS = 5
/** Until nothing is left of what has just begun. */
const SETTLE_MS = 2_000
/** Virtual: until the last words of a phase have arrived, and their answers. */
const ECHO_MS = 20
const PATIENCE_MS = 60_000

/** One job on one cluster, from its submission to the recovery from what befalls it. */
export class ScaleRun {
  readonly #cluster: ScaleCluster
  readonly #size: Size
  #handle!: RunHandle
  #events: { readonly atMs: number; readonly event: JobEvent }[] = []

  private constructor(size: Size, idleTurnMs: number) {
    this.#size = size
    this.#cluster = new ScaleCluster({ ...size, idleTurnMs })
  }

  static async measured(size: Size, idleTurnMs: number): Promise<Figures> {
    const run = new ScaleRun(size, idleTurnMs)
    const { clock, workers } = run.#cluster
    await run.#until(() => run.#cluster.isReady)
    const deployment = await run.#start(() => run.#submit())
    await clock.advance(SETTLE_MS)
    const rest = await run.#cluster.during(() => clock.advance(REST_MS))
    const checkpoints: Phase[] = []
    for (let i = 0; i < WARM_UP + CHECKPOINTS; i++) checkpoints.push(await run.#checkpoint())
    const recovery = await run.#start(() => workers[0]!.kill())
    await clock.advance(SETTLE_MS)
    const failover = await run.#failover()
    run.#cluster.switchOff()
    return { size, deployment, rest, checkpoints: checkpoints.slice(WARM_UP), recovery, failover }
  }

  /** From what `begin` does until all subtasks run. */
  async #start(begin: () => void): Promise<Start> {
    const { clock } = this.#cluster
    const beganMs = clock.now()
    this.#events = []
    const phase = await this.#cluster.during(async () => {
      begin()
      await this.#until(() => this.#events.some(({ event }) => isWhole(event)))
      await clock.advance(ECHO_MS)
    })
    const after = (isMeant: (event: JobEvent) => boolean) => {
      const found = this.#events.find(({ event }) => isMeant(event))
      return found === undefined ? undefined : found.atMs - beganMs
    }
    return {
      phase,
      failedMs: after(({ type }) => type === 'failure'),
      attemptMs: after(({ type }) => type === 'attempt'),
      runningMs: after(isWhole)!,
    }
  }

  #submit(): void {
    const { jobs, client } = this.#cluster
    const { nodes, slots, shape } = this.#size
    const order = {
      bundle: jobs.add(() => scaleJob(shape, nodes * slots)),
      request: { params: {} },
      fromCheckpoint: undefined,
      allowRepeatedRows: false,
      fingerprint: undefined,
    }
    void client.submitOrder(order).then((handle) => {
      this.#handle = handle
      handle.follow((event) => this.#events.push({ atMs: this.#cluster.clock.now(), event }))
    })
  }

  #checkpoint(): Promise<Phase> {
    return this.#cluster.during(async () => {
      const { clock } = this.#cluster
      const beganMs = clock.now()
      await this.#completed()
      await clock.advance(CHECKPOINT_MS - (clock.now() - beganMs))
    })
  }

  async #failover(): Promise<Failover> {
    const cluster = this.#cluster
    const { clock, leader } = cluster
    const beganMs = clock.now()
    const moments = { leadsMs: 0, adoptedMs: 0, checkpointMs: 0 }
    const phase = await cluster.during(async () => {
      cluster.killLeader()
      await this.#until(() => cluster.leader !== leader)
      moments.leadsMs = clock.now() - beganMs
      let isRunning = false
      cluster.client.attach(this.#handle.run).follow((event) => {
        isRunning ||= isWhole(event)
      })
      await this.#until(() => isRunning)
      moments.adoptedMs = clock.now() - beganMs
      await this.#completed()
      moments.checkpointMs = clock.now() - beganMs
      await clock.advance(ECHO_MS)
    })
    return { phase, ...moments }
  }

  async #completed(): Promise<void> {
    let state: string | undefined
    void this.#handle.checkpointNow().then((record) => {
      state = record.state
    })
    await this.#until(() => state !== undefined)
    if (state !== 'completed') throw new Error(`a checkpoint ended as ${state}`)
  }

  async #until(isDone: () => boolean): Promise<void> {
    if (!(await this.#cluster.clock.advanceUntil(isDone, PATIENCE_MS)))
      throw new Error(`what was waited for did not come in ${PATIENCE_MS} virtual milliseconds`)
  }
}

/** Every subtask runs. */
function isWhole(event: JobEvent): boolean {
  return event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined
}
