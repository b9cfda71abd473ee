import type { ActorRef } from '#src/actor/actor.js'
import type { ActorSystem } from '#src/actor/system.js'
import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { buildJob, checkPlan, type LoadedJob } from '#src/cluster/job-loader.js'
import type { ConnectorLoader } from '#src/connector/registry.js'
import { connectorNamesOf } from '#src/graph/job-plan.js'
import { Slot, type SlotMessage } from './slot.js'
import type { JobCode } from './slot-threads.js'
import { SubtaskFactory } from './subtask-factory.js'

export interface HostedSlotOptions {
  /** Of the slot's own thread. */
  readonly system: ActorSystem
  readonly code: JobCode
  /** The job in the bundle that the code names, imported into this thread. */
  readonly loadJob: (bundle: string) => Promise<LoadedJob>
  readonly connectors: ConnectorLoader
  readonly blobs: BlobStore
  readonly onFencedWrite: () => void
}

/**
 * What runs in a slot's thread: the slot at the top of the thread's actor system. The job's graph is built here, afresh,
 * and compared with the one that the job master follows before anything is deployed.
 */
export async function hostedSlot(options: HostedSlotOptions): Promise<ActorRef<SlotMessage>> {
  const { system, code, loadJob, connectors, blobs, onFencedWrite } = options
  const { bundle, request, fingerprint } = code
  const { graph, plan } = buildJob(await loadJob(bundle), request)
  checkPlan(plan, fingerprint)
  const { clock, logger } = system
  const subtasks = new SubtaskFactory({
    graph,
    connectors: await connectors(connectorNamesOf(plan)),
    blobs,
    clock,
    logger,
  })
  const slot = new Slot({
    subtaskOf: (deployment) => subtasks.subtask(deployment),
    tree: () => system.tree(),
    onFencedWrite,
  })
  return system.spawn('slot', slot)
}
