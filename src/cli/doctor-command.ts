import { resolve } from 'node:path'
import { ClusterClient, type ClusterClientOptions } from '../../actors/cluster-client.js'
import { systemClock } from '../kit/clock.js'
import { systemRandom } from '../kit/random.js'
import { clusterAddressOf } from './cluster-address.js'
import { type ClusterSurroundings, isJson } from './cluster-command.js'
import { findingJson, jsonText } from './cluster-json.js'
import type { RunCommand } from './command.js'
import { type DoctorGroups, examine, type MachineFacts, Visit } from './doctor.js'
import { CLUSTER_CHECKS } from './doctor-cluster.js'
import type { Finding } from './doctor-finding.js'
import { MACHINE_CHECKS, thisMachine } from './doctor-machine.js'
import { NATS_CHECKS } from './doctor-nats.js'
import { DIRECTORY_CHECKS, JETSTREAM_CHECKS, JOB_MANAGER_CHECKS } from './doctor-store.js'
import { FindingLines, totalsOf, totalText } from './doctor-text.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { pinoLogger } from './pino-logger.js'
import type { Terminal } from './terminal.js'
import { whileWaiting } from './waiting.js'

const GROUPS = {
  all: { control: ['jm', 'tm'], data: ['tm'] },
  'job-manager': { control: ['jm'], data: [] },
  'task-manager': { control: ['tm'], data: ['tm'] },
} as const satisfies Readonly<Record<string, DoctorGroups>>

export interface DoctorSurroundings
  extends Pick<ClusterSurroundings, 'clock' | 'random' | 'connect' | 'exitNow'> {
  readonly machine: MachineFacts
}

export const doctorCommand: RunCommand = (invocation, terminal) =>
  doctor(invocation, terminal, {
    clock: systemClock,
    random: systemRandom,
    connect: (options: ClusterClientOptions) => ClusterClient.connect(options),
    exitNow: (code) => process.exit(code),
    machine: thisMachine(),
  })

/** Looks at this machine, NATS, JetStream and the cluster in turn, changes nothing, and says what to do. */
export async function doctor(
  invocation: Invocation,
  terminal: Terminal,
  { clock, random, connect, exitNow, machine }: DoctorSurroundings,
): Promise<ExitCode> {
  const { cluster, nats } = clusterAddressOf(invocation)
  const state = invocation.text('state')
  const role = (invocation.text('role') ?? 'all') as keyof typeof GROUPS
  const user = role === 'task-manager' ? 'task-manager' : 'job-manager'
  const visit = new Visit({
    nats,
    cluster,
    name: invocation.text('name'),
    user,
    groups: GROUPS[role],
    stateDirectory: state === undefined ? undefined : resolve(state),
    machine,
    clock,
    random,
    connect,
    // What goes wrong is a finding.
    logger: pinoLogger({ level: 'error', format: 'text', write: () => {} }),
    waiting: (what, work) => whileWaiting(work, what, { terminal, clock }),
  })
  const store = state === undefined ? JETSTREAM_CHECKS : DIRECTORY_CHECKS
  const findings: Finding[] = []
  const shown = new FindingLines(terminal.palette, (lines) => terminal.data(`${lines.join('\n')}\n`))
  for await (const finding of examine(
    [...MACHINE_CHECKS, ...NATS_CHECKS, ...store, ...CLUSTER_CHECKS].filter(
      ({ name }) =>
        (name !== 'name' || invocation.isSet('name')) &&
        (user === 'job-manager' || !JOB_MANAGER_CHECKS.has(name)) &&
        (role !== 'job-manager' || name !== 'data-lane'),
    ),
    visit,
  )) {
    findings.push(finding)
    if (!isJson(invocation)) shown.on(finding)
  }
  const totals = totalsOf(findings)
  shown.end()
  if (isJson(invocation)) terminal.data(jsonText({ ...totals, checks: findings.map(findingJson) }))
  else terminal.data(`${totalText(totals)}\n`)
  const code = totals.problems === 0 ? EXIT.ok : EXIT.unhealthy
  if ((await visit.close()) === 'stuck') exitNow(code)
  return code
}
