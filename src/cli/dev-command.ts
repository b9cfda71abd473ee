import { type JobHandle, type JobSubmission, Node } from '../../actors/node.js'
import { executionGraphOf, requiredSlots } from '../graph/execution-graph.js'
import type { JobPlan } from '../graph/job-plan.js'
import { type Clock, systemClock } from '../kit/clock.js'
import { systemRandom } from '../kit/random.js'
import type { RunCommand } from './command.js'
import { type Controls, processControls } from './controls.js'
import { DevSession } from './dev-session.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { JobView } from './job-view.js'
import { type LogFormat, type LogLevel, pinoLogger } from './pino-logger.js'
import { planFile } from './planned-job.js'
import { shownPath } from './shown-path.js'
import { type StateDirectory, stateDirectory } from './state-directory.js'
import type { Terminal } from './terminal.js'
import { timeOfDay } from './time-of-day.js'
import { bytesText, counted, durationText } from './units.js'
import { UsageError } from './usage-error.js'
import { version } from './version.js'

/** The world around the command, so that a test may be another one. */
export interface DevSurroundings {
  readonly clock: Clock
  readonly controls: Controls
  readonly startNode: (options: Parameters<typeof Node.start>[0]) => Promise<DevNode>
  readonly exitNow: (code: ExitCode) => void
}

export type DevNode = Pick<Node, 'submit' | 'resume' | 'crashSlot' | 'stop'>

export const devCommand: RunCommand = (invocation, terminal) =>
  dev(invocation, terminal, {
    clock: systemClock,
    controls: processControls(),
    startNode: Node.start,
    exitNow: (code) => process.exit(code),
  })

/** Runs one job to its end, or until it is stopped. */
export async function dev(
  invocation: Invocation,
  terminal: Terminal,
  { clock, controls, startNode, exitNow }: DevSurroundings,
): Promise<ExitCode> {
  const submission = submissionOf(invocation)
  let session: DevSession | undefined
  const release = controls.listen((order) => {
    if (session !== undefined) session.onOrder(order)
    else if (order === 'interrupt' || order === 'stop') exitNow(EXIT.interrupted)
    else if (order === 'terminate') exitNow(EXIT.terminated)
  })
  try {
    const planned = await planFile(submission.file, submission, clock)
    const slots = invocation.whole('slots') ?? requiredSlots(planned.plan)
    const state = await stateDirectory(invocation.text('state'))
    const nats = invocation.text('nats')
    terminal.talk(headLine(terminal, slots, state, nats))
    step(
      terminal,
      'bundled',
      `${shownPath(submission.file)}, ${bytesText(planned.bundleBytes)}`,
      planned.bundleMs,
    )
    if (planned.warning !== undefined) terminal.talk(`${terminal.palette.notice('!')} ${planned.warning}`)
    const node = await startNode({
      stateDirectory: state.path,
      slots,
      nats: nats === undefined ? undefined : { servers: nats },
      clock,
      random: systemRandom,
      logger: pinoLogger({
        level: (invocation.text('log-level') ?? 'warn') as LogLevel,
        format: (invocation.text('log-format') ?? 'text') as LogFormat,
        write: (line) => terminal.talk(line.trimEnd()),
      }),
    })
    try {
      const { job, isResumed } = await jobOf(node, submission, state)
      step(terminal, 'graph', graphText(job.plan))
      step(terminal, isResumed ? 'goes on' : 'submitted', `${job.plan.name}, run ${job.run}`)
      if (controls.hasKeys)
        terminal.talk(terminal.palette.faint('  k crash a slot thread · c checkpoint · q stop'))
      const view = new JobView({
        palette: terminal.palette,
        subtasks: executionGraphOf(job.plan).subtasks.length,
        now: () => clock.now(),
        timeText: () => timeOfDay(clock.wallTime()),
      })
      const keptState = state.isKept ? shownPath(state.path) : undefined
      session = new DevSession({ node, view, terminal, clock, keptState, exitNow })
      return await session.follow(job)
    } finally {
      await node.stop()
      state.release()
    }
  } finally {
    release()
  }
}

function submissionOf(invocation: Invocation): JobSubmission {
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

/** A checkpoint that was named begins a new run; else the unended run that the state holds goes on. */
async function jobOf(
  node: DevNode,
  submission: JobSubmission,
  state: StateDirectory,
): Promise<{ job: JobHandle; isResumed: boolean }> {
  const mayResume = state.isKept && submission.fromCheckpoint === undefined
  const resumed = mayResume ? await node.resume(submission) : undefined
  if (resumed !== undefined) return { job: resumed, isResumed: true }
  return { job: await node.submit(submission), isResumed: false }
}

function headLine(
  { palette }: Terminal,
  slots: number,
  state: StateDirectory,
  nats: string | undefined,
): string {
  const parts = [
    `retake ${version()}`,
    'the whole cluster in this process',
    counted(slots, 'slot', 'slots'),
    state.isKept ? `state in ${shownPath(state.path)}` : 'temporary state (see --state)',
    ...(nats === undefined ? [] : [`every channel over ${nats}`]),
  ]
  return palette.strong(parts.join(' · '))
}

function graphText(plan: JobPlan): string {
  const { vertices, fingerprint } = plan
  const subtasks = executionGraphOf(plan).subtasks.length
  return [
    counted(vertices.length, 'vertex', 'vertices'),
    counted(subtasks, 'subtask', 'subtasks'),
    `fingerprint ${fingerprint.slice(0, 12)}`,
  ].join(', ')
}

function step(terminal: Terminal, label: string, text: string, tookMs?: number): void {
  const { palette } = terminal
  const took = tookMs === undefined ? '' : palette.faint(`  ${durationText(tookMs)}`)
  terminal.talk(`${palette.good('✔')} ${label.padEnd(10)} ${text}${took}`)
}
