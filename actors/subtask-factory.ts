import type { BlobStore } from '#src/checkpoint/blob-store.js'
import { SubtaskBlobs } from '#src/checkpoint/blob-writer.js'
import type { Connectors } from '#src/connector/registry.js'
import { SkippedRecords } from '#src/connector/skipped-records.js'
import { type JobGraph, outEdges } from '#src/graph/job-graph.js'
import { chainOf } from '#src/graph/vertex-chain.js'
import type { Clock } from '#src/kit/clock.js'
import { type CheckpointId, subtaskId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import { Subtask } from './subtask.js'
import type { SubtaskDeployment } from './subtask-deployment.js'

export interface SubtaskFactoryOptions {
  /** The job's, with the user's functions. */
  readonly graph: JobGraph
  readonly connectors: Connectors
  readonly blobs: BlobStore
  readonly clock: Clock
  readonly logger: Logger
}

/** Builds subtasks of a deployment's words and the job's code. */
export class SubtaskFactory {
  readonly #options: SubtaskFactoryOptions

  constructor(options: SubtaskFactoryOptions) {
    this.#options = options
  }

  subtask(deployment: SubtaskDeployment): Subtask {
    const { graph, connectors, blobs, clock } = this.#options
    const { run, attempt, vertex, subtask, restored, restoredFrom, allowRepeatedRows } = deployment
    const id = subtaskId(vertex, subtask)
    const logger = this.#options.logger.with({ run, attempt, subtask: id })
    const parts = new SubtaskBlobs(blobs)
    const skipped = new SkippedRecords(logger)
    const blobsOf = (checkpoint: CheckpointId) => parts.writer({ run, attempt, checkpoint, subtask: id })
    // What is staged between two barriers belongs to no checkpoint yet: it is named under the one restored from.
    const staging = {
      put: blobsOf(restoredFrom.checkpoint).put,
      get: (part: Parameters<BlobStore['get']>[0]) => blobs.get(part),
    }
    return new Subtask({
      name: graph.vertices[vertex]!.name,
      deployment,
      mode: graph.settings.checkpoint.mode,
      maxConcurrent: graph.settings.checkpoint.maxConcurrent,
      bufferTimeoutMs: graph.settings.bufferTimeoutMs,
      edges: outEdges(graph, vertex).map(({ partitioner, fromNode, to }) => {
        const { id: operator, where } = graph.vertices[vertex]!.nodes[fromNode]!
        return {
          partitioner,
          maxParallelism: graph.vertices[to]!.maxParallelism,
          where: `${operator} (${where})`,
        }
      }),
      chainOf: (surroundings) =>
        chainOf(graph, vertex, {
          ...surroundings,
          run,
          attempt,
          subtask,
          clock,
          logger,
          connectors,
          blobs: staging,
          restored,
          restoredFrom,
          allowRepeatedRows,
          skipped: (reason, sample) => skipped.add(reason, sample),
        }),
      blobsOf,
      recordsSkipped: () => skipped.count,
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
    })
  }
}
