import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { newNkey } from '../actor/transport/nats-client.js'
import { clusterNameOf } from './cluster-address.js'
import type { RunCommand } from './command.js'
import { didYouMean } from './did-you-mean.js'
import { EXIT } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { natsConf, natsUserOf } from './nats-conf.js'
import { NATS_ROLES, type NatsRole } from './nats-permissions.js'
import { noteLine } from './progress-line.js'
import { shownPath } from './shown-path.js'
import { UsageError } from './usage-error.js'

/** A node of both roles is for small clusters: whoever wants a user for one says so. */
const USUAL: readonly NatsRole[] = ['job-manager', 'task-manager', 'client', 'observer']
const WHATS = ['nats-conf']

export const generateCommand: RunCommand = async (invocation, terminal) => {
  const what = invocation.argument(0)
  if (!WHATS.includes(what)) {
    throw new UsageError(`there is no ${JSON.stringify(what)} to generate`, `it is ${WHATS.join(', ')}`)
  }
  const cluster = clusterNameOf(invocation)
  const roles = rolesOf(invocation)
  const folder = invocation.text('nkeys')
  const nkeys = folder === undefined ? undefined : keepNkeys(resolve(folder), cluster, roles)
  terminal.data(natsConf({ cluster, roles, nkeys }))
  if (folder !== undefined)
    terminal.talk(
      noteLine(
        terminal,
        `the seeds are in ${shownPath(resolve(folder))}, for --nats-nkey; nats-server needs none of them`,
      ),
    )
  return EXIT.ok
}

function rolesOf(invocation: Invocation): readonly NatsRole[] {
  const text = invocation.text('users')
  if (text === undefined) return USUAL
  const named = new Set(text.split(',').map((name) => name.trim()))
  for (const name of named) {
    if (NATS_ROLES.some((role) => role === name)) continue
    const meant = didYouMean(name, NATS_ROLES)
    const suggestion = meant === undefined ? '' : `did you mean "${meant}"? `
    throw new UsageError(
      `--users names ${JSON.stringify(name)}`,
      `${suggestion}It is ${NATS_ROLES.join(', ')}`,
    )
  }
  return NATS_ROLES.filter((role) => named.has(role))
}

/** One file for each, which its owner alone may read. Those that are there stay: a lost seed is a lost user. */
function keepNkeys(
  folder: string,
  cluster: string,
  roles: readonly NatsRole[],
): ReadonlyMap<NatsRole, string> {
  const publicKeys = new Map<NatsRole, string>()
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const role of roles) {
      const { seed, publicKey } = newNkey()
      writeFileSync(join(folder, `${natsUserOf(role, cluster)}.nk`), `${seed}\n`, { mode: 0o600, flag: 'wx' })
      publicKeys.set(role, publicKey)
    }
  } catch (error) {
    throw new UsageError(
      `--nkeys cannot be written: ${error instanceof Error ? error.message : String(error)}`,
      'name a folder that may be written to, and that has no seeds of these users yet',
    )
  }
  return publicKeys
}
