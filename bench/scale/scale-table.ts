import { countOf, type ScaleFigures } from './scale-figures.js'
import type { Size } from './scale-run.js'
import type { Count } from './tally.js'

interface Row {
  readonly name: string
  readonly of: (figures: ScaleFigures) => string
}

/** The tables of `docs/scale.md`; a column is a size, named by its nodes. */
export function scaleTables(all: readonly ScaleFigures[]): string {
  return TABLES.map(({ title, rows }) => {
    const head: Row = { name: title, of: ({ measured: { size } }) => nameOf(size) }
    const [names, ...lines] = [head, ...rows].map(({ name, of }) => [name, ...all.map(of)])
    const cells = [names!, names!.map((_, column) => (column === 0 ? '---' : '--:')), ...lines]
    const widths = names!.map((_, column) => Math.max(...cells.map((line) => line[column]!.length)))
    return cells
      .map((line) => `| ${line.map((cell, i) => padded(cell, widths[i]!, i)).join(' | ')} |`)
      .join('\n')
  }).join('\n\n')
}

const TABLES: readonly { readonly title: string; readonly rows: readonly Row[] }[] = [
  {
    title: 'nodes',
    rows: [
      { name: 'slots', of: ({ slots }) => whole(slots) },
      { name: 'subtasks', of: ({ subtasks }) => whole(subtasks) },
      { name: 'channels', of: ({ channels }) => whole(channels) },
    ],
  },
  {
    title: 'a second at rest',
    rows: [
      { name: 'words to the leader', of: ({ restTo }) => words(restTo) },
      { name: 'words from it', of: ({ restFrom }) => words(restFrom) },
      { name: 'its CPU', of: ({ restCpuMs }) => ms(restCpuMs) },
      { name: 'frames and grants between subtasks', of: ({ restFrames }) => whole(restFrames) },
    ],
  },
  {
    title: 'a checkpoint',
    rows: [
      { name: 'words to the leader', of: (figures) => words(figures.to(figures.checkpoint)) },
      { name: 'words from it', of: (figures) => words(figures.from(figures.checkpoint)) },
      { name: 'its CPU', of: (figures) => ms(figures.cpuMs(figures.checkpoint)) },
      { name: 'its longest turn', of: ({ checkpoint }) => ms(checkpoint.leader.longestMs) },
      { name: 'entries of the log', of: ({ checkpoint }) => words(checkpoint.entries) },
      { name: 'manifest', of: ({ manifestBytes }) => size(manifestBytes) },
      { name: 'parts', of: ({ checkpoint }) => words(countOf(checkpoint.store, 'part')) },
      { name: 'frames and grants between subtasks', of: ({ checkpointFrames }) => whole(checkpointFrames) },
    ],
  },
  {
    title: 'a start',
    rows: [
      { name: 'from its submission to RUNNING', of: ({ measured }) => ms(measured.deployment.runningMs) },
      { name: 'words to the leader', of: (figures) => words(figures.to(figures.measured.deployment.phase)) },
      { name: 'words from it', of: (figures) => words(figures.from(figures.measured.deployment.phase)) },
      {
        name: 'one deployment',
        of: ({ measured }) => size(deploymentBytes(measured.deployment.phase.fromLeader)),
      },
      { name: 'its CPU', of: (figures) => ms(figures.cpuMs(figures.measured.deployment.phase)) },
      { name: 'its longest turn', of: ({ measured }) => ms(measured.deployment.phase.leader.longestMs) },
      {
        name: 'frames and grants between subtasks',
        of: ({ measured }) => whole(measured.deployment.phase.frames.times),
      },
      { name: 'memory: the graph', of: ({ memory }) => size(memory.graph) },
      { name: 'memory: deployments under way', of: ({ memory }) => size(memory.deployments) },
    ],
  },
  {
    title: 'a task manager dies',
    rows: [
      { name: 'known after', of: ({ measured }) => ms(measured.recovery.failedMs) },
      { name: 'next attempt logged after', of: ({ measured }) => ms(measured.recovery.attemptMs) },
      { name: 'RUNNING after', of: ({ measured }) => ms(measured.recovery.runningMs) },
      { name: 'words to the leader', of: (figures) => words(figures.to(figures.measured.recovery.phase)) },
      { name: 'words from it', of: (figures) => words(figures.from(figures.measured.recovery.phase)) },
      { name: 'its CPU', of: (figures) => ms(figures.cpuMs(figures.measured.recovery.phase)) },
      { name: 'its longest turn', of: ({ measured }) => ms(measured.recovery.phase.leader.longestMs) },
    ],
  },
  {
    title: 'the leader dies',
    rows: [
      { name: 'another leads after', of: ({ measured }) => ms(measured.failover.leadsMs) },
      { name: 'all subtasks adopted after', of: ({ measured }) => ms(measured.failover.adoptedMs) },
      { name: 'next checkpoint complete after', of: ({ measured }) => ms(measured.failover.checkpointMs) },
      { name: 'words to the leader', of: (figures) => words(figures.to(figures.measured.failover.phase)) },
      { name: 'words from it', of: (figures) => words(figures.from(figures.measured.failover.phase)) },
      {
        name: 'reads of the log',
        of: ({ measured }) => whole(countOf(measured.failover.phase.store, 'log read').times),
      },
      { name: 'its CPU', of: (figures) => ms(figures.cpuMs(figures.measured.failover.phase)) },
      { name: 'its longest turn', of: ({ measured }) => ms(measured.failover.phase.leader.longestMs) },
    ],
  },
]

function nameOf({ nodes, shape }: Size): string {
  return shape === 'all-to-all' ? whole(nodes) : `${whole(nodes)}, ${shape}`
}

function deploymentBytes(fromLeader: ReadonlyMap<string, Count>): number {
  const { times, bytes } = countOf(fromLeader, 'deploy')
  return bytes / times
}

function padded(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width)
}

function words({ times, bytes }: Count): string {
  return `${whole(times)} (${size(bytes)})`
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US').replaceAll(',', ' ')
}

function ms(value: number | undefined): string {
  if (value === undefined) return '-'
  return value < 10 ? `${value.toFixed(1)} ms` : `${whole(value)} ms`
}

function size(bytes: number): string {
  if (bytes < 1024) return `${whole(bytes)} B`
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KB'] : [bytes / 1024 ** 2, 'MB']
  return `${value < 10 ? value.toFixed(1) : whole(value)} ${unit}`
}
