import { availableParallelism, hostname, totalmem } from 'node:os'
import { constrainedMemory, versions } from 'node:process'
import { PROTOCOL } from '../cluster/protocol.js'
import { version } from '../kit/version.js'
import type { Check, MachineFacts } from './doctor.js'
import { type Finding, ok } from './doctor-finding.js'
import { bytesText, counted } from './units.js'

/** As `package.json` asks for. */
const OLDEST_NODE = [20, 19] as const

export function thisMachine(): MachineFacts {
  const memoryBytes = totalmem()
  const limit = constrainedMemory()
  return {
    nodeVersion: versions.node,
    host: hostname(),
    cpus: availableParallelism(),
    memoryBytes,
    memoryLimitBytes: limit !== undefined && limit > 0 && limit < memoryBytes ? limit : undefined,
    version: version(),
    protocol: PROTOCOL,
  }
}

export const MACHINE_CHECKS: readonly Check[] = [
  { name: 'node', needs: [], find: async ({ options }) => nodeFinding(options.machine) },
  { name: 'machine', needs: [], find: async ({ options }) => machineFinding(options.machine) },
]

function nodeFinding({ nodeVersion, version }: MachineFacts): Finding {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  const values = { nodeVersion, version }
  const oldest = OLDEST_NODE.join('.')
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) {
    return ok('node', `v${nodeVersion} (${oldest} or newer), retake ${version}`, values)
  }
  return {
    check: 'node',
    status: 'failed',
    what: `Node is v${nodeVersion}`,
    why: `Retake needs ${oldest} or newer`,
    fix: `install Node ${oldest} or newer`,
    values,
  }
}

function machineFinding({ host, cpus, memoryBytes, memoryLimitBytes }: MachineFacts): Finding {
  const memory = `${bytesText(memoryBytes)} of memory`
  const limit =
    memoryLimitBytes === undefined ? '' : `, ${bytesText(memoryLimitBytes)} of it for this process`
  return ok('machine', `${host}: ${counted(cpus, 'CPU', 'CPUs')}, ${memory}${limit}`, {
    host,
    cpus,
    memoryBytes,
    memoryLimitBytes: memoryLimitBytes ?? null,
  })
}
