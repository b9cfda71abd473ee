import { JobClient } from '#actors/job-client.js'
import type { JobEvent } from '#actors/job-event.js'
import { JobIntake } from '#actors/job-intake.js'
import { JobManager } from '#actors/job-manager.js'
import type { ResourceManagerMessage } from '#actors/resource-manager.js'
import { RESOURCE_MANAGER } from '#actors/role-addresses.js'
import { TaskManager } from '#actors/task-manager.js'
import { WorkerSlotThreads } from '#actors/worker-slot-threads.js'
import type { ActorRef } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { type Files, nodeFiles } from '#src/checkpoint/files.js'
import { BundleCache } from '#src/cluster/bundle-cache.js'
import { DirectoryStateStore } from '#src/cluster/directory-state-store.js'
import { bundlePlanner } from '#src/cluster/job-planner.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { loadConnectors as connectors } from '#src/connector/built-in.js'
import { systemClock } from '#src/kit/clock.js'
import type { NodeId, SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { randomToken, systemRandom } from '#src/kit/random.js'
import type { Cast } from './cast.js'

/** A job manager and task managers that come and go, as they do where each is a process. */
export class Parts {
  readonly system: ActorSystem
  readonly #threads: WorkerSlotThreads
  readonly #jobManager: ActorRef<Parameters<JobManager['receive']>[0]>
  readonly #cast: Cast

  private constructor(cast: Cast, id: SystemId, files: Files) {
    this.#cast = cast
    const ports = new MessagePortTransport()
    const [clock, random, logger] = [systemClock, systemRandom, silentLogger]
    this.system = new ActorSystem({ id, clock, random, logger, transports: [ports] })
    const directory = cast.stateDirectory
    const state = new DirectoryStateStore({ directory, files })
    const wallTime = () => clock.wallTime()
    const store = new JobStore({ state, random, wallTime })
    const bundles = cast.path('bundles')
    this.#threads = new WorkerSlotThreads({
      system: id,
      transport: ports,
      clock: systemClock,
      random,
      logger,
      environment: { name: 'here', state: { kind: 'directory', directory }, bundles, nats: undefined },
      onWarning: () => {},
    })
    const cache = new BundleCache({ directory: bundles, documents: state.documents })
    this.#jobManager = this.system.spawn(
      'job-manager',
      new JobManager({
        term: 0,
        own: infoOf('here'),
        store,
        intake: new JobIntake({ store, planner: bundlePlanner(cache, clock), connectors }),
        connectors,
        clock,
        random,
        logger,
        wallTime,
        runs: new Map(),
        slotRequestMs: 60_000,
        heartbeatTimeoutMs: 60_000,
        residentBytes: () => 0,
        tree: () => this.system.tree(),
        isAlone: true,
        rejoinMs: 0,
      }),
    )
  }

  /** @param files what its log and blobs are kept with */
  static async start(cast: Cast, files = nodeFiles): Promise<Parts> {
    const parts = new Parts(cast, randomToken(systemRandom) as SystemId, files)
    await parts.system.ready
    return parts
  }

  addTaskManager(name: string, slots: number) {
    return this.system.spawn(
      name,
      new TaskManager({
        info: infoOf(name),
        slots,
        orphanMs: 0,
        resourceManager: {
          address: `${this.#jobManager.address}.${RESOURCE_MANAGER}`,
        } as ActorRef<ResourceManagerMessage>,
        threads: this.#threads,
        meters: { fencedWrites: 0 },
        residentBytes: () => 0,
        wallTime: () => systemClock.wallTime(),
        tree: () => this.system.tree(),
        onNews: () => {},
      }),
    )
  }

  async submit(name: string, params: Readonly<Record<string, number>>, parallelism: number): Promise<Heard> {
    const submission = this.#cast.submission(name, params, { parallelism })
    const { run } = await new JobClient(this.system, this.#jobManager).submit(submission)
    const heard = new Heard()
    const follower = this.system.spawn<JobEvent>('follower', { receive: (event) => heard.on(event) })
    this.system.send(this.#jobManager, { type: 'follow', run, follower })
    return heard
  }
}

function infoOf(name: string): NodeInfo {
  const rest = { host: 'here', pid: 1, version: '0', protocol: 1, cpus: 1, memoryBytes: 1, labels: {} }
  return { node: name as NodeId, name, startedAt: 0, ...rest }
}

/** Events in the order in which they came, each waited for behind the one before. */
export class Heard {
  readonly #events: JobEvent[] = []
  #read = 0
  #wake: () => void = () => {}

  on(event: JobEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  async until(isWanted: (event: JobEvent) => boolean): Promise<JobEvent> {
    for (;;) {
      const event = this.#events[this.#read++]
      if (event === undefined) {
        this.#read--
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      } else if (isWanted(event)) return event
      else if (event.type === 'ended')
        throw new Error(`the job ended first: ${event.outcome} ${event.error?.message}`)
    }
  }
}
