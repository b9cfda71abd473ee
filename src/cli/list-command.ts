import type { JobSummary } from '../../actors/cluster-view.js'
import { isGloballyTerminal } from '../graph/job-status.js'
import { type ClusterCommand, clusterCommand, isJson, LOOKS } from './cluster-command.js'
import { jobJson, jsonText } from './cluster-json.js'
import { EXIT } from './exit-code.js'
import { statusText } from './job-status-text.js'
import { noteLine } from './progress-line.js'
import { clipped, tableText } from './table.js'
import type { Terminal } from './terminal.js'
import { ageText, percentText, rateText } from './units.js'

export const list: ClusterCommand = async ({ cluster, invocation, terminal, waiting, clock }) => {
  const all = await waiting('asking for the runs', cluster.jobs())
  const jobs = invocation.isSet('all') ? all : all.filter(({ status }) => !isGloballyTerminal(status))
  if (isJson(invocation)) {
    terminal.data(jsonText({ jobs: jobs.map(jobJson) }))
    return EXIT.ok
  }
  if (jobs.length > 0) terminal.data(jobTable(jobs, clock.wallTime(), terminal))
  const hint = hintOf(jobs, all)
  if (hint !== undefined) terminal.talk(noteLine(terminal, hint))
  return EXIT.ok
}

export const listCommand = clusterCommand(list, LOOKS)

const COLUMNS = [
  { title: 'JOB' },
  { title: 'RUN' },
  { title: 'STATUS' },
  { title: 'AGE', isNumber: true },
  { title: 'SUBTASKS', isNumber: true },
  { title: 'IN/s', isNumber: true },
  { title: 'OUT/s', isNumber: true },
  { title: 'BUSY', isNumber: true },
  { title: 'CHECKPOINT' },
] as const
const NAME_WIDTH = 20
const REASON_WIDTH = 96

function jobTable(jobs: readonly JobSummary[], now: number, { palette }: Terminal): string {
  const rows = jobs.map((job) => {
    const { rates, checkpoint, subtasks, reason, status } = job
    const cells = [
      palette.strong(clipped(job.job, NAME_WIDTH)),
      job.run,
      statusText(status, palette),
      ageText(now - job.submittedAt),
      isGloballyTerminal(status) ? undefined : `${subtasks.running}/${subtasks.total}`,
      rates === undefined ? undefined : rateText(rates.recordsInPerSecond),
      rates === undefined ? undefined : rateText(rates.recordsOutPerSecond),
      rates === undefined ? undefined : percentText(rates.busy),
      checkpoint === undefined
        ? undefined
        : `${checkpoint.checkpoint}, ${ageText(now - checkpoint.triggeredAt)} ago`,
    ]
    return { cells, below: reason === undefined ? [] : [`  ${palette.faint(clipped(reason, REASON_WIDTH))}`] }
  })
  return tableText(COLUMNS, rows, palette)
}

function hintOf(shown: readonly JobSummary[], all: readonly JobSummary[]): string | undefined {
  const [first] = shown
  if (first !== undefined) return `retake show ${first.job} tells more of it`
  if (all.length === 0) return 'this cluster has had no runs yet: retake run JOB starts one'
  return `nothing runs now; retake list --all shows what has ended`
}
