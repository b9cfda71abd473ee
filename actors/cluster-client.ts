import type { NatsOptions } from '#src/actor/transport/nats-connection.js'
import type { Clock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { JobDetails, JobSummary, NodeStatus, ThreadActors } from './cluster-view.js'
import type { JobHandle, JobSubmission } from './node.js'

export interface ClusterClientOptions {
  readonly nats: NatsOptions
  readonly cluster: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** A cluster as those see it who use it. Every question rejects with RT1517 when no job manager answers. */
export interface Cluster {
  /** Bundles here, uploads, waits for the answer. Rejects with what the submission is refused for. */
  submit(submission: JobSubmission): Promise<JobHandle>
  attach(run: RunId): Promise<JobHandle>
  /** Newest first, ended ones too. */
  jobs(): Promise<readonly JobSummary[]>
  /** Rejects with RT1523 when nobody knows the run. */
  job(run: RunId): Promise<JobDetails>
  /** The leading job manager first. */
  nodes(): Promise<readonly NodeStatus[]>
  /** Of all threads of all nodes. */
  actors(): Promise<readonly ThreadActors[]>
  close(): Promise<void>
}

/** Only its shape, until the cast behind it is there. */
export const ClusterClient: { connect(options: ClusterClientOptions): Promise<Cluster> } = {
  connect: async () => {
    throw new Error('there is no cluster client yet')
  },
}
