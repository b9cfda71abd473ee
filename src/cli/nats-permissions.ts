import {
  LEADING_FRONT_DESK,
  LEADING_JOB_MANAGER,
  LEADING_RESOURCE_MANAGER,
} from '../../actors/role-addresses.js'
import { NatsSubjects, natsInboxesOf } from '../actor/transport/nats-subjects.js'
import { apiUsedBy, publishedBy } from '../cluster/jetstream-layout.js'
import type { StateStoreUser } from '../cluster/open-state-store.js'
import { GROUP_OF, JOB_MANAGER_NAME, type SystemGroup } from '../cluster/protocol.js'
import { assertNever } from '../kit/assert.js'

/** Who needs a NATS user of their own. `all` is for a node of both roles. */
export const NATS_ROLES = ['job-manager', 'task-manager', 'client', 'observer', 'all'] as const
export type NatsRole = (typeof NATS_ROLES)[number]

/** Subjects, with the wildcards of NATS. What is denied counts before what is allowed. */
export interface NatsPermissions {
  readonly publish: NatsRule
  readonly subscribe: NatsRule
}

export interface NatsRule {
  readonly allow: readonly string[]
  readonly deny: readonly string[]
}

/**
 * What the NATS user of a role must be allowed, and no more, in a cluster of this name. Subjects tell who hears (the
 * group of a system) and which actor is spoken to, not what is said: whoever may speak to a job master may cancel its
 * job. `test/e2e/nats-security.test.ts` compares this with what a running cluster says and hears.
 */
export function natsPermissions(role: NatsRole, cluster: string): NatsPermissions {
  const control = new NatsSubjects(cluster, 'c')
  const data = new NatsSubjects(cluster, 'd')
  switch (role) {
    case 'job-manager':
      return {
        publish: rule(control.all, ...kept('job-manager', cluster)),
        subscribe: rule(control.allOf(JOB_MANAGER_NAME), ...heard(cluster, control, GROUP_OF[role])),
      }
    case 'task-manager': {
      const group = GROUP_OF[role]
      return {
        publish: rule(
          // Whoever directs jobs, and the resource manager; not the job manager itself, who takes jobs.
          `${control.of(LEADING_JOB_MANAGER.address)}.>`,
          `${belowAny(control, GROUP_OF['job-manager'])}.>`,
          control.signalsTo(GROUP_OF['job-manager']),
          control.allOfGroup(group),
          data.allOfGroup(group),
          ...kept(role, cluster),
        ),
        subscribe: rule(data.allOfGroup(group), ...heard(cluster, control, group)),
      }
    }
    case 'all': {
      const [director, worker] = [
        natsPermissions('job-manager', cluster),
        natsPermissions('task-manager', cluster),
      ]
      return {
        publish: rule(
          control.all,
          data.allOfGroup(GROUP_OF['task-manager']),
          ...kept('job-manager', cluster),
        ),
        subscribe: rule(...director.subscribe.allow, ...worker.subscribe.allow),
      }
    }
    case 'client': {
      const observer = natsPermissions('observer', cluster)
      const jobManager = control.of(LEADING_JOB_MANAGER.address)
      return {
        publish: {
          // The job manager, and the job master of every run.
          allow: [
            jobManager,
            `${jobManager}.*`,
            control.signalsTo(GROUP_OF['job-manager']),
            control.selfTestsOf('client'),
            control.selfTestsOf('observer'),
          ],
          deny: [control.of(LEADING_RESOURCE_MANAGER.address)],
        },
        subscribe: rule(...heard(cluster, control, 'client'), ...observer.subscribe.allow),
      }
    }
    case 'observer':
      return {
        publish: rule(control.of(LEADING_FRONT_DESK.address), control.selfTestsOf('observer')),
        subscribe: rule(...heard(cluster, control, 'observer')),
      }
    default:
      assertNever(role)
  }
}

/** In JetStream. */
function kept(user: StateStoreUser, cluster: string): readonly string[] {
  return [...publishedBy(user, cluster), ...apiUsedBy(user, cluster)]
}

function heard(cluster: string, control: NatsSubjects, group: SystemGroup): readonly string[] {
  return [control.allOfGroup(group), natsInboxesOf(cluster, group)]
}

/** The job manager in any system of the group, as its own system is spoken to. */
function belowAny(control: NatsSubjects, group: SystemGroup): string {
  const path = LEADING_JOB_MANAGER.address.slice(JOB_MANAGER_NAME.length)
  return `${control.anyOf(group)}${path}`
}

function rule(...allow: readonly string[]): NatsRule {
  return { allow, deny: [] }
}
