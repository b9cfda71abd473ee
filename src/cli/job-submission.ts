import type { JobSubmission } from '../../actors/node.js'
import { executionGraphOf } from '../graph/execution-graph.js'
import type { JobPlan } from '../graph/job-plan.js'
import type { Clock } from '../kit/clock.js'
import type { Invocation } from './invocation.js'
import { JobView } from './job-view.js'
import type { PlannedJob } from './planned-job.js'
import { stepLine, warningLine } from './progress-line.js'
import { shownPath } from './shown-path.js'
import type { Terminal } from './terminal.js'
import { timeOfDay } from './time-of-day.js'
import { bytesText, counted } from './units.js'
import { UsageError } from './usage-error.js'

/** What every command that starts a job makes of its options, and shows of it. */
export function submissionOf(invocation: Invocation): JobSubmission {
  const fromCheckpoint = invocation.text('from-checkpoint')
  const allowRepeatedRows = invocation.isSet('allow-repeated-rows')
  if (allowRepeatedRows && fromCheckpoint === undefined) {
    throw new UsageError(
      '--allow-repeated-rows is for --from-checkpoint',
      'name the checkpoint, or leave it out',
    )
  }
  return {
    file: invocation.argument(0),
    params: invocation.pairs('param'),
    parallelism: invocation.whole('parallelism'),
    fromCheckpoint,
    allowRepeatedRows,
  }
}

export function bundledLines(file: string, planned: PlannedJob, terminal: Terminal): string[] {
  const { bundleBytes, bundleMs, warning } = planned
  const bundled = stepLine(terminal, 'bundled', `${shownPath(file)}, ${bytesText(bundleBytes)}`, bundleMs)
  return [bundled, ...(warning === undefined ? [] : [warningLine(terminal, warning)])]
}

export function graphText(plan: JobPlan): string {
  const { vertices, fingerprint } = plan
  return [
    counted(vertices.length, 'vertex', 'vertices'),
    counted(executionGraphOf(plan).subtasks.length, 'subtask', 'subtasks'),
    `fingerprint ${fingerprint.slice(0, 12)}`,
  ].join(', ')
}

export function viewOf(plan: JobPlan, { palette }: Terminal, clock: Clock): JobView {
  return new JobView({
    palette,
    subtasks: executionGraphOf(plan).subtasks.length,
    now: () => clock.now(),
    timeText: () => timeOfDay(clock.wallTime()),
  })
}
