import { availableParallelism, hostname, totalmem } from 'node:os'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { tryNatsSubjects } from '#src/actor/transport/nats-survey.js'
import { BundleCache } from '#src/cluster/bundle-cache.js'
import { bundlePlanner, type JobPlanner } from '#src/cluster/job-planner.js'
import { openStateStore, type StateStoreConfig, type StateStoreUser } from '#src/cluster/open-state-store.js'
import { patientStore } from '#src/cluster/patient-store.js'
import { GROUP_OF } from '#src/cluster/protocol.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { loadConnectors } from '#src/connector/built-in.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { temporaryFolder } from '#src/kit/temporary-folder.js'
import type { HostedNode, NodeHost } from './node-host.js'
import { provenStore } from './proven-store.js'
import { type NatsLink, type SystemTransports, transportsOf } from './transports.js'
import { WorkerSlotThreads } from './worker-slot-threads.js'

export interface ProcessHostOptions {
  readonly node: HostedNode
  readonly state: StateStoreConfig
  /** The way to other processes; undefined when there is none. */
  readonly nats: NatsLink | undefined
  /** What a node of a cluster will do with the store is tried first. */
  readonly isProven: boolean
  /** It runs subtasks: what its slots will say and hear over NATS is tried first, too. */
  readonly hasSlots: boolean
}

/** This process: worker threads, sockets, and a folder for the bundles that were fetched. */
export class ProcessHost implements NodeHost {
  readonly machine = {
    host: hostname(),
    pid: process.pid,
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
  }
  readonly connectors = loadConnectors
  readonly transports: SystemTransports
  readonly threads: WorkerSlotThreads
  readonly #options: ProcessHostOptions
  readonly #bundles = temporaryFolder('retake-bundles-')

  constructor(options: ProcessHostOptions) {
    this.#options = options
    const { node, state, nats } = options
    const { system, name, clock, random, logger, onFatal, onWarning } = node
    const ports = new MessagePortTransport()
    this.transports = transportsOf({
      ports,
      nats,
      carriesFrames: false,
      name,
      logger,
      onFatal,
      onWarning: (error) => onWarning(errorInfoOf(error)),
    })
    this.threads = new WorkerSlotThreads({
      system,
      transport: ports,
      clock,
      random,
      logger,
      environment: { name, state, bundles: this.#bundles.path, nats },
      onWarning,
    })
  }

  async openStore(user: StateStoreUser): Promise<StateStore | undefined> {
    await this.#tryLanes()
    const store = await this.#openStore(user)
    return store && patientStore(store, this.#options.node.clock)
  }

  /** Slots open theirs when there is a job: then it would be late to hear that their user may not. */
  async #tryLanes(): Promise<void> {
    const { node, nats, isProven, hasSlots } = this.#options
    if (nats === undefined || !isProven || !hasSlots) return
    const { name, clock, random, logger } = node
    const group = GROUP_OF['task-manager']
    const faults = await tryNatsSubjects({
      ...nats.options,
      cluster: nats.cluster,
      groups: { control: [group], data: [group] },
      name,
      clock,
      random,
      logger,
    })
    for (const fault of faults.values()) throw fault
  }

  #openStore(user: StateStoreUser): Promise<StateStore | undefined> {
    const { node, state, isProven } = this.#options
    const { name, clock, random, logger, onFatal, onWarning, onWaiting } = node
    const surroundings = { name, clock, random, logger, onEnded: onFatal }
    if (!isProven) return openStateStore(state, user, surroundings)
    return provenStore({
      ...surroundings,
      config: state,
      user,
      onWaiting,
      onWarning: (error) => onWarning(errorInfoOf(error)),
    })
  }

  planner({ documents }: StateStore): JobPlanner {
    const bundles = new BundleCache({ directory: this.#bundles.path, documents })
    return bundlePlanner(bundles, this.#options.node.clock)
  }

  residentBytes(): number {
    return process.memoryUsage.rss()
  }

  release(): void {
    this.#bundles.release()
  }
}
