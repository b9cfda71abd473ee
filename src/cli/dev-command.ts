import { type JobHandle, type JobSubmission, Node } from '../../actors/node.js'
import { requiredSlots } from '../graph/execution-graph.js'
import { type Clock, systemClock } from '../kit/clock.js'
import { systemRandom } from '../kit/random.js'
import { version } from '../kit/version.js'
import type { RunCommand } from './command.js'
import { type Controls, processControls } from './controls.js'
import { DevSession } from './dev-session.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { bundledLines, graphText, submissionOf, viewOf } from './job-submission.js'
import { type LogFormat, type LogLevel, pinoLogger } from './pino-logger.js'
import { planFile } from './planned-job.js'
import { stepLine } from './progress-line.js'
import { shownPath } from './shown-path.js'
import { type StateDirectory, stateDirectory } from './state-directory.js'
import type { Terminal } from './terminal.js'
import { counted } from './units.js'

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
    for (const line of bundledLines(submission.file, planned, terminal)) terminal.talk(line)
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
      terminal.talk(stepLine(terminal, 'graph', graphText(job.plan)))
      const start = isResumed ? 'goes on' : 'submitted'
      terminal.talk(stepLine(terminal, start, `${job.plan.name}, run ${job.run}`))
      if (controls.hasKeys)
        terminal.talk(terminal.palette.faint('  k crash a slot thread · c checkpoint · q stop'))
      const view = viewOf(job.plan, terminal, clock)
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
