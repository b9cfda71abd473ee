import type { Cluster } from '../../actors/cluster-client.js'
import type { NodeStatus } from '../../actors/cluster-view.js'
import { isUnmanned } from '../../actors/leader-line.js'
import { ClockSkew, clocksDiffer } from '../cluster/clock-skew.js'
import { nameTaken } from '../cluster/membership.js'
import type { NodeInfo } from '../cluster/node-info.js'
import { refusalOf } from '../cluster/protocol.js'
import { isRetakeError } from '../kit/errors.js'
import type { NodeId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Check, DoctorOptions, Visit } from './doctor.js'
import { type CheckName, type Finding, failed, ok, warned, warning } from './doctor-finding.js'
import { MESSAGES } from './doctor-nats.js'
import { counted } from './units.js'

const LED: readonly CheckName[] = ['job-manager']
/** As many words as a clock skew is taken from. */
const WORDS = 5

export const CLUSTER_CHECKS: readonly Check[] = [
  { name: 'job-manager', needs: MESSAGES, find: leaderFinding },
  { name: 'name', needs: LED, find: async ({ options, nodes }) => nameFindings(options, nodes) },
  { name: 'nodes', needs: LED, find: async ({ nodes }) => nodeFindings(nodes) },
  { name: 'protocol', needs: LED, find: async ({ options, nodes }) => protocolFindings(options, nodes) },
  { name: 'slots', needs: LED, find: async ({ nodes }) => slotFinding(nodes) },
  { name: 'clocks', needs: LED, find: clockFindings },
]

async function leaderFinding(visit: Visit): Promise<Finding> {
  const { nats, cluster: name, groups, clock, random, logger, connect } = visit.options
  const [group] = groups.control
  const connecting = connect({ nats, cluster: name, group, clock, random, logger })
  visit.onClose(async () => (await connecting.catch(() => undefined))?.close())
  const cluster = await visit.step('connecting to the cluster', connecting)
  try {
    const nodes = await visit.step('asking the job manager', cluster.nodes())
    const [leader] = nodes
    if (leader === undefined) throw new Error('a job manager that answers is a node')
    visit.cluster = cluster
    visit.nodes = nodes
    const { node, host, pid, version } = leader
    const values = { node, name: leader.name, host, pid, version }
    return ok('job-manager', `${leader.name} on ${host}, process ${pid}, retake ${version}`, values)
  } catch (error) {
    // Before the first node is started nobody can be there; whoever listens and does not answer is another matter.
    if (!isRetakeError(error) || !isUnmanned(error)) throw error
    return { ...warned('job-manager', error), isAbsent: true }
  }
}

/** Whether a node of that name would be taken in. */
function nameFindings({ name, machine }: DoctorOptions, nodes: readonly NodeStatus[]): Finding[] {
  if (name === undefined) return []
  const member = nodes.find((node) => node.name === name)
  if (member === undefined) return [ok('name', `${name} is free`)]
  return [failed('name', nameTaken(newcomer(name, machine), member), name)]
}

function nodeFindings(nodes: readonly NodeStatus[]): Finding[] {
  const fenced = nodes.reduce((sum, { fencedWrites }) => sum + fencedWrites, 0)
  const names = nodes.map(({ name, roles }) => `${name} (${roles.length > 1 ? 'all roles' : roles.join()})`)
  const told = `${counted(fenced, 'fenced write', 'fenced writes')}`
  const all = ok('nodes', `${counted(nodes.length, 'node', 'nodes')}: ${names.join(', ')}; ${told}`, {
    nodes: nodes.length,
    fencedWrites: fenced,
  })
  const draining = nodes.filter(({ state }) => state === 'draining')
  return [
    all,
    ...draining.map(({ name }) =>
      warning('nodes', {
        about: name,
        what: `${name} is draining`,
        why: 'it was told to leave, and takes no new work',
        fix: 'nothing if it is to leave; else start it again when it has ended',
      }),
    ),
  ]
}

function protocolFindings({ machine }: DoctorOptions, nodes: readonly NodeStatus[]): Finding[] {
  const [leader] = nodes
  if (leader === undefined) return []
  const values = { protocol: leader.protocol, ownProtocol: machine.protocol }
  const refusal = refusalOf(newcomer('of this installation', machine), leader)
  if (refusal !== undefined) return [{ ...failed('protocol', refusal), values }]
  const others = nodes.filter(({ version }) => version !== machine.version)
  if (others.length === 0)
    return [ok('protocol', `${leader.protocol}, retake ${leader.version} everywhere`, values)]
  const versions = others.map(({ name, version }) => `${name} runs ${version}`)
  return [
    warning('protocol', {
      what: 'nodes of different versions of Retake, which understand each other',
      why: `${versions.join(', ')}, and here is ${machine.version}`,
      fix: 'finish the upgrade: one node after the other',
      values,
    }),
  ]
}

function slotFinding(nodes: readonly NodeStatus[]): Finding {
  const slots = nodes.reduce((sum, node) => sum + node.slots, 0)
  const freeSlots = nodes.reduce((sum, node) => sum + node.freeSlots, 0)
  const values = { slots, freeSlots }
  if (slots > 0) return ok('slots', `${freeSlots} of ${slots} free`, values)
  return warning('slots', {
    what: 'there are no slots, so no job can run',
    why: 'no node has the role of a task manager',
    fix: 'start one: retake node --role task-manager',
    values,
  })
}

/** The clocks of all nodes against that of the job manager, and this machine's, too. */
async function clockFindings(visit: Visit): Promise<Finding[]> {
  const { clock, machine } = visit.options
  const skew = new ClockSkew()
  let nodes = visit.nodes
  const ask = async (cluster: Cluster) => {
    for (let word = 0; word < WORDS; word++) {
      nodes = await cluster.nodes()
      const [leader] = nodes
      if (leader !== undefined) skew.onHeard(leader.wallTime, clock.wallTime())
    }
  }
  if (visit.cluster !== undefined) await visit.step('comparing clocks', ask(visit.cluster))
  const [leader, ...others] = nodes
  if (leader === undefined) return []
  const here = { name: `this machine (${machine.host})`, skewMs: -skew.ms }
  const all = [here, ...others.map(({ name, clockSkewMs }) => ({ name, skewMs: clockSkewMs }))]
  const wrong = all.filter(({ skewMs }) => Math.abs(skewMs) > LIMITS.clockSkewMs)
  const right = all.filter((one) => !wrong.includes(one))
  const texts = right.map(({ name, skewMs }) => `${name} ${signed(skewMs)} ms`)
  const values = { ownSkewMs: Math.round(here.skewMs) }
  return [
    ...(right.length === 0
      ? []
      : [ok('clocks', `${texts.join(', ')} from ${leader.name} (limit ${LIMITS.clockSkewMs} ms)`, values)]),
    ...wrong.map(({ name, skewMs }) => ({
      ...failed('clocks', clocksDiffer(name, leader.name, skewMs), name),
      values: { skewMs: Math.round(skewMs) },
    })),
  ]
}

function signed(ms: number): string {
  const whole = Math.round(ms)
  return whole > 0 ? `+${whole}` : String(whole === 0 ? 0 : whole)
}

/** What a node would say of itself that was started here. */
function newcomer(
  name: string,
  { host, cpus, memoryBytes, version, protocol }: DoctorOptions['machine'],
): NodeInfo {
  const own = { host, pid: process.pid, cpus, memoryBytes, version, protocol }
  return { node: name as NodeId, name, labels: {}, startedAt: 0, ...own }
}
