import type { NodeStatus } from '../../actors/cluster-view.js'
import { type ClusterCommand, clusterCommand, isJson, LOOKS } from './cluster-command.js'
import { jsonText, nodeJson } from './cluster-json.js'
import { EXIT } from './exit-code.js'
import type { Palette } from './palette.js'
import { noteLine } from './progress-line.js'
import { clipped, tableText } from './table.js'
import { ageText, bytesText, counted, durationText } from './units.js'

export const nodes: ClusterCommand = async ({ cluster, invocation, terminal, waiting, clock }) => {
  const all = await waiting('asking for the nodes', cluster.nodes())
  if (isJson(invocation)) {
    terminal.data(jsonText({ nodes: all.map(nodeJson) }))
    return EXIT.ok
  }
  terminal.data(nodeTable(all, clock.wallTime(), terminal.palette))
  const slots = all.reduce((sum, node) => sum + node.slots, 0)
  const free = all.reduce((sum, node) => sum + node.freeSlots, 0)
  const told =
    slots === 0
      ? 'no slots yet: retake node --role task-manager adds some'
      : `${free} of ${counted(slots, 'slot', 'slots')} free`
  terminal.talk(noteLine(terminal, `${counted(all.length, 'node', 'nodes')}, ${told}`))
  return EXIT.ok
}

export const nodesCommand = clusterCommand(nodes, LOOKS)

/** A skew that is worth a look. */
const SKEW_MS = 500
const COLUMNS = [
  { title: 'NAME' },
  { title: 'ROLE' },
  { title: 'STATE' },
  { title: 'FREE', isNumber: true },
  { title: 'CPUS', isNumber: true },
  { title: 'MEMORY', isNumber: true },
  { title: 'UP', isNumber: true },
  { title: 'HEARD', isNumber: true },
  { title: 'CLOCK', isNumber: true },
  { title: 'VERSION' },
  { title: 'LABELS' },
] as const

function nodeTable(nodes: readonly NodeStatus[], now: number, palette: Palette): string {
  const rows = nodes.map((node) => {
    const labels = Object.entries(node.labels).map(([name, value]) => `${name}=${value}`)
    const skew = `${node.clockSkewMs > 0 ? '+' : ''}${Math.round(node.clockSkewMs)} ms`
    const cells = [
      palette.strong(clipped(node.name, 20)),
      roleText(node),
      node.state === 'alive' ? palette.good(node.state) : palette.notice(node.state),
      node.slots === 0 ? undefined : `${node.freeSlots}/${node.slots}`,
      String(node.cpus),
      bytesText(node.residentBytes),
      ageText(now - node.startedAt),
      durationText(node.heardAgoMs),
      Math.abs(node.clockSkewMs) > SKEW_MS ? palette.notice(skew) : skew,
      node.version,
      labels.length === 0 ? undefined : labels.join(','),
    ]
    return { cells }
  })
  return tableText(COLUMNS, rows, palette)
}

function roleText({ roles, isLeader }: NodeStatus): string {
  const role = roles.length > 1 ? 'all' : (roles[0] ?? '-')
  return isLeader ? `${role}, leads` : role
}
