import type { Cluster } from '../../actors/cluster-client.js'
import type { NodeRole, PlacedSubtask } from '../../actors/cluster-view.js'
import type { JobHandle, JobSubmission } from '../../actors/node.js'
import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { NodeEnded, StageNode } from './demo-node.js'
import type { DemoStage, Fact, Victim } from './demo-stage.js'
import { counted, durationText } from './units.js'

export interface ClusterStageOptions {
  /** Where NATS is, for people. */
  readonly nats: string
  readonly clock: Clock
  readonly connect: () => Promise<Cluster>
  /** Removes what the cluster keeps in NATS. */
  readonly forget: () => Promise<void>
  /** One that does not run yet. */
  readonly nodeOf: (spec: NodeSpec) => StageNode
}

export interface NodeSpec {
  readonly name: string
  readonly role: NodeRole
  /** 0 for a job manager. */
  readonly slots: number
  readonly onLost: (error: NodeEnded) => void
}

const JOB_MANAGER = 'jm-1'
const TASK_MANAGERS = ['tm-1', 'tm-2', 'tm-3']
const SLOTS = 2

/** A job manager and three task managers, each a process. `kill -9` is for one that runs a part of the job. */
export class ClusterStage implements DemoStage {
  readonly intention = [
    'A job manager and three task managers run the job, each a process of its own. One will be killed',
    'with -9 on the way; in the end every count must be exact.',
  ]
  readonly prop = 'a task manager'
  /** What is left without one of them is enough. */
  readonly parallelism = SLOTS * (TASK_MANAGERS.length - 1)
  readonly broken: Promise<never>
  readonly #options: ClusterStageOptions
  #break!: (error: unknown) => void
  readonly #jobManager: StageNode
  readonly #taskManagers: readonly StageNode[]
  /** Killed, and not started again yet. */
  readonly #missing = new Set<StageNode>()
  #cluster: Promise<Cluster> | undefined
  #job: JobHandle | undefined
  #isClosed = false

  constructor(options: ClusterStageOptions) {
    this.#options = options
    const { nodeOf } = options
    this.broken = new Promise((_, reject) => {
      this.#break = reject
    })
    this.broken.catch(() => {}) // heard by whoever awaits it
    const onLost = (error: NodeEnded) => this.#break(error)
    this.#jobManager = nodeOf({ name: JOB_MANAGER, role: 'job-manager', slots: 0, onLost })
    this.#taskManagers = TASK_MANAGERS.map((name) =>
      nodeOf({ name, role: 'task-manager', slots: SLOTS, onLost }),
    )
  }

  /** All at once: task managers wait for the job manager by themselves. */
  async build(say: (fact: Fact) => void): Promise<void> {
    const { nats, clock, connect } = this.#options
    const since = clock.now()
    this.#cluster = connect()
    this.#cluster.catch(() => {}) // awaited below
    const nodes = [this.#jobManager, ...this.#taskManagers]
    const started = Promise.all(nodes.map((node) => node.start()))
    await Promise.all([this.#cluster, started])
    const pids = this.#taskManagers.map(({ name, pid }) => `${name} (${pid})`)
    say({ name: 'nats-server', text: `${nats}, with JetStream` })
    say({ name: 'job manager', text: `${JOB_MANAGER}, process ${this.#jobManager.pid}` })
    say({
      name: 'task managers',
      text: `${pids.join(', ')}, ${counted(SLOTS, 'slot', 'slots')} each; all ready after ${durationText(clock.now() - since)}`,
    })
  }

  async submit(submission: JobSubmission): Promise<JobHandle> {
    const cluster = await this.#connected()
    this.#job = await cluster.submit(submission)
    return this.#job
  }

  /** The one that runs most. */
  async victim(): Promise<Victim | undefined> {
    const placed = await this.#placed()
    const loads = this.#taskManagers.map((node) => ({ node, load: placed.get(node.name) ?? [] }))
    const { node, load } = loads.reduce((most, next) => (next.load.length > most.load.length ? next : most))
    const { pid } = node
    if (pid === undefined || load.length === 0) return undefined
    const all = [...placed.values()].flat().length
    return {
      name: 'kill -9',
      text: `${node.name}, process ${pid}, which runs ${load.length} of the ${all} subtasks`,
      crash: () => {
        this.#missing.add(node)
        return node.kill()
      },
    }
  }

  async placement(): Promise<string | undefined> {
    const placed = await this.#placed()
    const parts = this.#taskManagers.flatMap(({ name }) => {
      const load = placed.get(name)?.length
      return load === undefined ? [] : [`${load} on ${name}`]
    })
    return parts.length === 0 ? undefined : `subtasks: ${parts.join(', ')}`
  }

  async mend(say: (fact: Fact) => void): Promise<void> {
    const missing = [...this.#missing]
    this.#missing.clear()
    if (this.#isClosed) return
    try {
      await Promise.all(
        missing.map(async (node) => {
          const tookMs = await node.start()
          const text = `started again as process ${node.pid}, ready after ${durationText(tookMs)}`
          say({ name: node.name, text })
        }),
      )
    } catch (error) {
      // When all is over it was killed once more.
      if (!this.#isClosed) this.#break(error)
    }
  }

  /** What they hold is worth nothing any more, so nobody is asked to leave. */
  async close(): Promise<void> {
    this.#isClosed = true
    const nodes = [this.#jobManager, ...this.#taskManagers]
    await Promise.all(nodes.map((node) => node.kill()))
    const cluster = await this.#cluster?.catch(() => undefined)
    await cluster?.close()
    // A NATS that is not there any more keeps nothing.
    if (this.#cluster !== undefined) await this.#options.forget().catch(() => {})
  }

  /** What each task manager runs, by its name. */
  async #placed(): Promise<ReadonlyMap<string, readonly PlacedSubtask[]>> {
    const cluster = await this.#connected()
    assert(this.#job !== undefined, 'a job is submitted before anybody asks who runs it')
    const [{ placed }, nodes] = await Promise.all([cluster.job(this.#job.run), cluster.nodes()])
    const byName = new Map<string, PlacedSubtask[]>()
    for (const subtask of placed) {
      const name = nodes.find(({ node }) => node === subtask.node)?.name
      if (name === undefined) continue
      const load = byName.get(name)
      if (load === undefined) byName.set(name, [subtask])
      else load.push(subtask)
    }
    return byName
  }

  #connected(): Promise<Cluster> {
    assert(this.#cluster !== undefined, 'the stage is built before it is used')
    return this.#cluster
  }
}
