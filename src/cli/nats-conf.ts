import { version } from '../kit/version.js'
import { type NatsRole, type NatsRule, natsPermissions } from './nats-permissions.js'

export interface NatsConfOptions {
  readonly cluster: string
  readonly roles: readonly NatsRole[]
  /** Public nkeys by role; without, users have passwords, which the server takes from its environment. */
  readonly nkeys: ReadonlyMap<NatsRole, string> | undefined
}

/**
 * A part of a nats-server's configuration, to be included there: an account for one cluster, and in it a user for each
 * role. No secret is in it.
 */
export function natsConf({ cluster, roles, nkeys }: NatsConfOptions): string {
  const logins = roles.map((role) => {
    const key = nkeys?.get(role)
    const login =
      key === undefined
        ? `user: ${natsUserOf(role, cluster)}, password: $${passwordVariableOf(role, cluster)}`
        : `nkey: ${key}`
    return { role, login }
  })
  return `${[
    `# The cluster ${cluster}: made by retake ${version()}, generate nats-conf. Include it in the configuration of every`,
    '# nats-server of that NATS, which needs a jetstream block and should have a tls block.',
    ...(nkeys === undefined ? passwordNote(roles, cluster) : []),
    'accounts {',
    `  ${accountOf(cluster)} {`,
    '    jetstream: enabled',
    '    users: [',
    ...logins.flatMap(({ role, login }) => userLines(role, login, cluster)),
    '    ]',
    '  }',
    '}',
  ].join('\n')}\n`
}

/** Users of all clusters of a server have different names. */
export function natsUserOf(role: NatsRole, cluster: string): string {
  return `${cluster}-${role}`
}

/** The variable of the server's environment. */
export function passwordVariableOf(role: NatsRole, cluster: string): string {
  const name = natsUserOf(role, cluster).toUpperCase().replaceAll('-', '_')
  return `RETAKE_${name}_PASSWORD`
}

function accountOf(cluster: string): string {
  return `retake_${cluster}`
}

function passwordNote(roles: readonly NatsRole[], cluster: string): readonly string[] {
  return [
    '# The environment of nats-server has a password for each user, of letters and digits, the first one a letter:',
    ...roles.map((role) => `#   ${passwordVariableOf(role, cluster)}`),
  ]
}

function userLines(role: NatsRole, login: string, cluster: string): readonly string[] {
  const { publish, subscribe } = natsPermissions(role, cluster)
  return [
    '      {',
    `        # ${ABOUT[role]}`,
    `        ${login}`,
    '        permissions {',
    ...ruleLines('publish', publish),
    ...ruleLines('subscribe', subscribe),
    '        }',
    '      }',
  ]
}

const ABOUT: Readonly<Record<NatsRole, string>> = {
  'job-manager': 'retake node --role job-manager',
  'task-manager': 'retake node --role task-manager',
  client: 'retake run, cancel, checkpoints --now, and all that an observer may',
  observer: 'retake list, show, checkpoints, nodes, actors',
  all: 'retake node --role all',
}

function ruleLines(name: string, { allow, deny }: NatsRule): readonly string[] {
  return [
    `          ${name} {`,
    ...subjectLines('allow', allow),
    ...subjectLines('deny', deny),
    '          }',
  ]
}

function subjectLines(name: string, subjects: readonly string[]): readonly string[] {
  if (subjects.length === 0) return []
  return [
    `            ${name}: [`,
    ...subjects.map((subject) => `              "${subject}"`),
    '            ]',
  ]
}
