import type { ActorRef } from '#src/actor/actor.js'
import { addressBelow } from '#src/actor/address.js'
import { type SupervisorMessage, supervisedRef } from '#src/actor/supervisor.js'
import { JOB_MANAGER_NAME } from '#src/cluster/protocol.js'
import type { RunId, SystemId } from '#src/kit/ids.js'
import type { FrontDeskMessage } from './front-desk.js'
import type { JobManagerMessage } from './job-manager.js'
import type { JobMasterMessage } from './job-master.js'
import type { LeadershipMessage } from './leadership.js'
import type { ResourceManagerMessage } from './resource-manager.js'
import type { TaskManagerMessage } from './task-manager.js'

/** Where the roles of a node live: below one supervisor, each under a name of its own. */

export const NODE = 'node'
export const LEADERSHIP = 'leadership'
export const JOB_MANAGER = 'job-manager'
export const RESOURCE_MANAGER = 'resource-manager'
export const FRONT_DESK = 'front-desk'

export function taskManagerName(index: number): string {
  return `task-manager-${index}`
}

function nodeOf(system: SystemId): ActorRef<SupervisorMessage> {
  return { address: addressBelow(system, NODE) }
}

export function leadershipOf(system: SystemId): ActorRef<LeadershipMessage> {
  return supervisedRef(nodeOf(system), LEADERSHIP)
}

export function jobManagerOf(system: SystemId): ActorRef<JobManagerMessage> {
  return { address: addressBelow(leadershipOf(system).address, JOB_MANAGER) }
}

export function resourceManagerOf(system: SystemId): ActorRef<ResourceManagerMessage> {
  return { address: addressBelow(jobManagerOf(system).address, RESOURCE_MANAGER) }
}

export function taskManagerOf(system: SystemId, index: number): ActorRef<TaskManagerMessage> {
  return supervisedRef(nodeOf(system), taskManagerName(index))
}

/** @param jobManager by its system, or by a name */
export function jobMasterOf(jobManager: ActorRef<JobManagerMessage>, run: RunId): ActorRef<JobMasterMessage> {
  return { address: addressBelow(jobManager.address, jobMasterName(run)) }
}

export function jobMasterName(run: RunId): string {
  return `job-${run}`
}

/** Those of whichever node leads its cluster now. */
export const LEADING_JOB_MANAGER = jobManagerOf(JOB_MANAGER_NAME)
export const LEADING_RESOURCE_MANAGER = resourceManagerOf(JOB_MANAGER_NAME)
export const LEADING_FRONT_DESK: ActorRef<FrontDeskMessage> = {
  address: addressBelow(LEADING_JOB_MANAGER.address, FRONT_DESK),
}
