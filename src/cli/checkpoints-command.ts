import type { JobDetails } from '../../actors/cluster-view.js'
import type { CheckpointRecord } from '../checkpoint/checkpoint-record.js'
import { errorOf } from '../kit/errors.js'
import type { CheckpointId } from '../kit/ids.js'
import { type ClusterCommand, type ClusterScene, clusterCommand, isJson } from './cluster-command.js'
import { checkpointJson, jsonText } from './cluster-json.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { reasonText } from './job-view.js'
import { askedJob } from './named-job.js'
import type { Palette } from './palette.js'
import { noteLine, stepLine } from './progress-line.js'
import { clipped, tableText } from './table.js'
import { ageText, bytesText, durationText } from './units.js'

export const checkpoints: ClusterCommand = async (scene) => {
  const { cluster, clock, invocation, terminal, waiting } = scene
  const { run, job } = await askedJob(scene)
  if (invocation.isSet('now')) return takeOne(scene, run, job)
  const details = await waiting('asking for the run', cluster.job(run))
  if (isJson(invocation)) {
    const records = details.checkpoints.map(checkpointJson)
    terminal.data(jsonText({ run, job, retained: details.retained, checkpoints: records }))
    return EXIT.ok
  }
  if (details.checkpoints.length > 0) {
    terminal.data(checkpointTable(details.checkpoints, details.retained, clock.wallTime(), terminal.palette))
  }
  terminal.talk(noteLine(terminal, hintOf(details)))
  return EXIT.ok
}

export const checkpointsCommand = clusterCommand(checkpoints, (invocation) =>
  invocation.isSet('now') ? 'client' : 'observer',
)

async function takeOne(
  { cluster, invocation, terminal, waiting }: ClusterScene,
  run: JobDetails['run'],
  job: string,
): Promise<ExitCode> {
  const handle = await waiting('asking for the run', cluster.attach(run))
  const record = await waiting(`taking a checkpoint of ${job}`, handle.checkpointNow())
  if (record.state !== 'completed' && record.failure !== undefined) throw errorOf(record.failure)
  const took = `${durationText(record.durationMs)}, ${bytesText(record.bytes)}`
  terminal.talk(stepLine(terminal, 'checkpoint', `${record.checkpoint} of ${job} is complete: ${took}`))
  const text = `${record.checkpoint}\n`
  terminal.data(isJson(invocation) ? jsonText({ run, job, checkpoint: checkpointJson(record) }) : text)
  return EXIT.ok
}

const COLUMNS = [
  { title: 'ID', isNumber: true },
  { title: 'STATE' },
  { title: 'CAUSE' },
  { title: 'AGE', isNumber: true },
  { title: 'TOOK', isNumber: true },
  { title: 'SIZE', isNumber: true },
  { title: 'ACKNOWLEDGED', isNumber: true },
  { title: 'SLOWEST' },
  { title: 'RETAINED' },
] as const
const REASON_WIDTH = 96

/** @param now time of day, milliseconds since 1970 */
export function checkpointTable(
  records: readonly CheckpointRecord[],
  retained: readonly CheckpointId[],
  now: number,
  palette: Palette,
): string {
  const rows = records.map((record) => {
    const { checkpoint, state, cause, triggeredAt, durationMs, bytes, failure, slowest } = record
    const cells = [
      String(checkpoint),
      stateText(record, palette),
      cause,
      ageText(now - triggeredAt),
      durationText(durationMs),
      state === 'failed' ? undefined : bytesText(bytes),
      `${record.acknowledged}/${record.subtasks}`,
      slowest === undefined ? undefined : `${slowest.subtask}, ${durationText(slowest.durationMs)}`,
      retained.includes(checkpoint) ? 'yes' : '',
    ]
    return {
      cells,
      below: failure === undefined ? [] : [`  ${palette.faint(clipped(reasonText(failure), REASON_WIDTH))}`],
    }
  })
  return tableText(COLUMNS, rows, palette)
}

function stateText({ state }: CheckpointRecord, palette: Palette): string {
  if (state === 'completed') return palette.good(state)
  return state === 'failed' ? palette.bad(state) : palette.notice(state)
}

function hintOf({ checkpoints, retained, run }: JobDetails): string {
  const newest = retained.at(-1)
  if (newest !== undefined) return `a new run may begin with one: --from-checkpoint ${run}/${newest}`
  return checkpoints.length === 0 ? 'there is no checkpoint yet' : 'none of them is retained'
}
