import type { JobPlanner } from '#src/cluster/job-planner.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import type { StateStoreUser } from '#src/cluster/open-state-store.js'
import type { StateStore } from '#src/cluster/state-store.js'
import type { ConnectorLoader } from '#src/connector/registry.js'
import type { Clock } from '#src/kit/clock.js'
import type { ErrorInfo, RetakeError } from '#src/kit/errors.js'
import type { SystemId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { SlotThreads } from './slot-threads.js'
import type { SystemTransports } from './transports.js'

/**
 * What one incarnation of a node takes from its surroundings: a process of this machine (`process-host.ts`), or a
 * simulated one. All else of a node is the same in both.
 */
export interface NodeHost {
  readonly machine: Pick<NodeInfo, 'host' | 'pid' | 'cpus' | 'memoryBytes'>
  /** How its main thread reaches its slots' threads and the other nodes. */
  readonly transports: SystemTransports
  readonly threads: NodeThreads
  readonly connectors: ConnectorLoader
  /** The store, for whoever directs jobs; a task manager's slots each open it for themselves. */
  openStore(user: StateStoreUser): Promise<StateStore | undefined>
  planner(state: StateStore): JobPlanner
  /** Of the process, now. */
  residentBytes(): number
  /** The incarnation has ended: nothing of it is needed any more. */
  release(): void
}

/** The threads of a node's slots. */
export interface NodeThreads extends SlotThreads {
  /** Ends all that live, at once. Resolves when none does. */
  terminate(): Promise<void>
}

/** The incarnation, as its host sees it. */
export interface HostedNode {
  /** The actor system of its main thread. */
  readonly system: SystemId
  /** What its operator calls it. */
  readonly name: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** A link has ended for good. */
  readonly onFatal: (error: RetakeError) => void
  readonly onWarning: (error: ErrorInfo) => void
  /** Why it takes long, for people. */
  readonly onWaiting: (reason: string) => void
}

export type HostOf = (node: HostedNode) => NodeHost
