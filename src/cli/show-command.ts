import type { JobDetails, NodeStatus, PlacedSubtask } from '../../actors/cluster-view.js'
import type { JobPlan } from '../graph/job-plan.js'
import { isGloballyTerminal } from '../graph/job-status.js'
import { attemptTable } from './attempt-table.js'
import { checkpointTable } from './checkpoints-command.js'
import { type ClusterCommand, clusterCommand, isJson, LOOKS } from './cluster-command.js'
import { jobDetailsJson, jsonText } from './cluster-json.js'
import { errorLines } from './error-text.js'
import { EXIT } from './exit-code.js'
import { statusText } from './job-status-text.js'
import { reasonText } from './job-view.js'
import { askedJob } from './named-job.js'
import type { Palette } from './palette.js'
import { noteLine } from './progress-line.js'
import { clipped, tableText } from './table.js'
import { ageText, bytesText, counted, countText, durationText, percentText, rateText } from './units.js'

export const show: ClusterCommand = async (scene) => {
  const { cluster, clock, invocation, terminal, waiting } = scene
  const { run } = await askedJob(scene)
  const job = await waiting('asking for the run', cluster.job(run))
  if (isJson(invocation)) {
    terminal.data(jsonText(jobDetailsJson(job)))
    return EXIT.ok
  }
  const { palette } = terminal
  const now = clock.wallTime()
  const nodes = job.placed.length === 0 ? [] : await waiting('asking for the nodes', cluster.nodes())
  const parts = [
    headText(job, now, palette),
    ...(job.placed.length === 0 ? [] : [subtaskTable(job.placed, nodes, palette)]),
    // Of a job that has run through there is nothing to tell of its attempt.
    ...(job.attempts.length < 2 ? [] : [attemptTable(job.attempts.slice(0, NEWEST), now, palette)]),
    ...(job.checkpoints.length === 0
      ? []
      : [checkpointTable(job.checkpoints.slice(0, NEWEST), job.retained, now, palette)]),
    ...(job.failures.length === 0 ? [] : [failureTable(job, now, palette)]),
    ...(job.error === undefined ? [] : [`${errorLines(job.error, palette).join('\n')}\n`]),
  ]
  terminal.data(parts.join('\n'))
  terminal.talk(noteLine(terminal, hintOf(job)))
  return EXIT.ok
}

export const showCommand = clusterCommand(show, LOOKS)

/** Of attempts, checkpoints and failures. */
const NEWEST = 5
const WIDTH = 100

/** What it is and how it stands, in a few lines. */
function headText(job: JobDetails, now: number, palette: Palette): string {
  const { status, reason, plan, attempt } = job
  const facts = [
    `run ${job.run}`,
    `submitted ${ageText(now - job.submittedAt)} ago`,
    ...(attempt === 0 ? [] : [`attempt ${attempt}`]),
  ]
  const load = loadTexts(job, palette)
  return [
    `${palette.strong(job.job)}  ${statusText(status, palette)}  ${palette.faint(facts.join(', '))}`,
    ...(reason === undefined ? [] : [clipped(reason, WIDTH)]),
    ...(load.length === 0 ? [] : [load.join('  ')]),
    ...(plan === undefined ? [] : planLines(plan, job.bundle, palette)),
    '',
  ].join('\n')
}

function loadTexts({ status, subtasks, rates, metrics }: JobDetails, palette: Palette): string[] {
  const all = counted(subtasks.total, 'subtask', 'subtasks')
  const skipped = metrics?.recordsSkipped ?? 0
  return [
    ...(isGloballyTerminal(status) ? [] : [`${subtasks.running} of ${all} running`]),
    ...(rates === undefined
      ? []
      : [
          `in ${rateText(rates.recordsInPerSecond)}/s`,
          `out ${rateText(rates.recordsOutPerSecond)}/s`,
          `busy ${percentText(rates.busy)}`,
          `backpressure ${percentText(rates.backpressured)}`,
        ]),
    ...(skipped === 0 ? [] : [palette.notice(`${counted(skipped, 'bad record', 'bad records')} skipped`)]),
  ]
}

/** `0  clicks → filter-1 ×2 ─ hash → 1`, and what the job promises. */
function planLines(plan: JobPlan, bundle: string, palette: Palette): string[] {
  const { vertices, edges, checkpoint, restart } = plan
  const ways = vertices.map(({ index, name, parallelism }) => {
    const outputs = edges.filter(({ from }) => from === index)
    const to = outputs.map((edge) => `${edge.partitioner} → ${edge.to}`).join(', ')
    return `  ${index}  ${name} ×${parallelism}${to === '' ? '' : palette.faint(`  ─ ${to}`)}`
  })
  const policy = [
    `${checkpoint.mode} checkpoints every ${durationText(checkpoint.intervalMs)}`,
    `restart ${restart.type}`,
    `code ${bundle.slice(0, 12)}`,
  ]
  return [...ways, palette.faint(`  ${policy.join(', ')}`)]
}

const COLUMNS = [
  { title: 'SUBTASK' },
  { title: 'OPERATORS' },
  { title: 'STATE' },
  { title: 'NODE' },
  { title: 'SLOT', isNumber: true },
  { title: 'IN', isNumber: true },
  { title: 'OUT', isNumber: true },
  { title: 'SENT', isNumber: true },
] as const

function subtaskTable(
  placed: readonly PlacedSubtask[],
  nodes: readonly NodeStatus[],
  palette: Palette,
): string {
  const names = new Map(nodes.map(({ node, name }) => [node, name]))
  const rows = placed.map(({ subtask, vertex, state, node, slot, metrics }, index) => ({
    cells: [
      subtask,
      // Said once for all subtasks of a vertex.
      placed[index - 1]?.vertex === vertex ? '' : clipped(vertex, 28),
      state === 'RUNNING' ? palette.good(state) : palette.notice(state),
      clipped(names.get(node) ?? node, 16),
      String(slot),
      metrics === undefined ? undefined : countText(metrics.recordsIn),
      metrics === undefined ? undefined : countText(metrics.recordsOut),
      metrics === undefined ? undefined : bytesText(metrics.bytesOut),
    ],
  }))
  return tableText(COLUMNS, rows, palette)
}

const FAILURE_COLUMNS = [
  { title: 'FAILED', isNumber: true },
  { title: 'ATTEMPT', isNumber: true },
  { title: 'BECAUSE' },
] as const

function failureTable({ failures }: JobDetails, now: number, palette: Palette): string {
  const rows = failures.slice(0, NEWEST).map(({ at, attempt, error }) => ({
    cells: [`${ageText(now - at)} ago`, String(attempt), clipped(reasonText(error), WIDTH - 22)],
  }))
  return tableText(FAILURE_COLUMNS, rows, palette)
}

function hintOf({ run, status, checkpoints, retained }: JobDetails): string {
  if (!isGloballyTerminal(status)) {
    const more = checkpoints.length > NEWEST ? `all checkpoints: retake checkpoints ${run}; ` : ''
    return `${more}end it: retake cancel ${run}`
  }
  const newest = retained.at(-1)
  return newest === undefined
    ? 'it retains no checkpoint'
    : `a new run may begin where it was: --from-checkpoint ${run}/${newest}`
}
