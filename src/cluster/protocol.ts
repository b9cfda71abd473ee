import { RetakeError } from '../kit/errors.js'
import type { SystemId } from '../kit/ids.js'
import type { NodeInfo } from './node-info.js'

/**
 * Of the messages and frames between nodes, and of the logs of runs, as `docs/protocol.md` has them. Raised by one
 * whenever a node of before could not understand, or would misunderstand, what is sent or logged now.
 */
export const PROTOCOL = 5

/** The name under which the job manager of a cluster is found by whoever does not know its system. */
export const JOB_MANAGER_NAME = 'job-manager' as SystemId

/**
 * What an actor system is part of: a node that may direct jobs, one that only runs them and every slot, or a program that
 * asks. A part of its id and of its subjects, by which the permissions of NATS users tell them apart.
 */
export type SystemGroup = 'jm' | 'tm' | 'client' | 'observer'

/** Of the nodes of a role, and of what keeps state for them. */
export const GROUP_OF = {
  'job-manager': 'jm',
  'task-manager': 'tm',
} as const satisfies Readonly<Record<string, SystemGroup>>

/** Why a node may not join a cluster whose job manager is `leader`; undefined when it may. */
export function refusalOf(node: NodeInfo, leader: NodeInfo): RetakeError | undefined {
  if (node.protocol === leader.protocol) return undefined
  const [older, newer] = node.protocol < leader.protocol ? [node, leader] : [leader, node]
  return new RetakeError('RT1515', {
    what: `node ${node.name} cannot join: it speaks protocol ${node.protocol}, and the job manager on ${leader.name} protocol ${leader.protocol}`,
    why: `${older.name} runs Retake ${older.version}, and ${newer.name} runs ${newer.version}`,
    fix: `upgrade ${older.name} to ${newer.version}`,
    where: node.name,
  })
}
