import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { deploymentsOf } from '#actors/deployments.js'
import type { ActorRef, Address } from '#src/actor/actor.js'
import { firstManifest } from '#src/checkpoint/manifest.js'
import { restoreOf } from '#src/checkpoint/restore.js'
import { buildJob } from '#src/cluster/job-loader.js'
import { executionGraphOf } from '#src/graph/execution-graph.js'
import type { Attempt, CheckpointId, Epoch, RunId } from '#src/kit/ids.js'
import { scaleJob } from './scale-job.js'
import type { Size } from './scale-run.js'

/** What a job master keeps that grows with its job, in bytes. */
export interface LeaderMemory {
  /** For the life of the job. */
  readonly graph: number
  /** Until the last slot has answered. */
  readonly deployments: number
}

export function leaderMemory({ nodes, slots, shape }: Size): LeaderMemory {
  const { plan } = buildJob(scaleJob(shape, nodes * slots), { params: {} })
  const graph = weighed(() => executionGraphOf(plan))
  const [run, checkpoint] = ['r'.repeat(12) as RunId, 0 as CheckpointId]
  const deployments = weighed(() =>
    deploymentsOf({
      job: plan.name,
      run,
      attempt: 1 as Attempt,
      plan,
      graph: graph.made,
      restoration: restoreOf(firstManifest(run, plan, [], 0), plan),
      slots: Array.from({ length: nodes * slots }, (_, slot) =>
        ref(`${String(slot).padStart(12, 's')}.slot`),
      ),
      complete: new Set(),
      restoredFrom: { run, checkpoint },
      allowRepeatedRows: false,
      direction: { epoch: 1 as Epoch, jobMaster: ref('leader'), coordinator: ref('leader') },
    }),
  )
  return { graph: graph.bytes, deployments: deployments.bytes }
}

function ref<M>(address: string): ActorRef<M> {
  return { address: address as Address }
}

function weighed<T>(make: () => T): { readonly made: T; readonly bytes: number } {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const made = make()
  collectGarbage()
  return { made, bytes: process.memoryUsage().heapUsed - before }
}

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')
