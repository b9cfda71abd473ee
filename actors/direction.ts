import type { ActorRef } from '#src/actor/actor.js'
import type { Epoch } from '#src/kit/ids.js'
import type { CheckpointCoordinatorMessage } from './checkpoint-coordinator.js'
import type { JobMasterMessage } from './job-master.js'

/**
 * Who directs a job, as its slots and subtasks know it. Every leadership of a job has an epoch of its own, from the job's
 * log: a word under a lower one than is known comes from a leader that has been replaced, and changes nothing.
 */
export interface Direction {
  readonly epoch: Epoch
  readonly jobMaster: ActorRef<JobMasterMessage>
  readonly coordinator: ActorRef<CheckpointCoordinatorMessage>
}
