import type { Clock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { JobDetails, NodeStatus } from './cluster-view.js'
import type { JobHandle, JobSubmission } from './node.js'

/** A placeholder with what the tests of a cluster need of the client, until the client itself is here. */
export interface ClusterClient {
  submit(submission: JobSubmission): Promise<JobHandle>
  nodes(): Promise<readonly NodeStatus[]>
  job(run: RunId): Promise<JobDetails>
  close(): Promise<void>
}

export interface ClusterClientOptions {
  readonly nats: { readonly servers: readonly string[] }
  readonly cluster: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

export const ClusterClient = {
  connect: (_: ClusterClientOptions): Promise<ClusterClient> =>
    Promise.reject(new Error('the client of a cluster is not here yet')),
}
