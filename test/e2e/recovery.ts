import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { PROJECT } from '../support/project.js'
import { residentBytesOf } from '../support/resident-bytes.js'
import { JOB_MANAGER, TestCluster } from './cluster.js'
import { inMegabytes, inMs } from './shown.js'
import type { SubmittedJob } from './submitted-job.js'

export interface RecoveryOptions {
  readonly kills: number
  /** Times are held to their aims, not just told. */
  readonly strict: boolean
}

type Say = (line: string) => void

const JOB = join(PROJECT, 'test', 'e2e', 'jobs', 'steady-count.ts')
const PARALLELISM = 4
const TASK_MANAGERS = ['tm-1', 'tm-2', 'tm-3']
/** What a process takes to start is given back in this time, as far as it is. */
const SETTLE_MS = 3_000

const AIMS = { lostMs: 1_000, runningMs: 3_000, startMs: 1_000 }
const IDLE_BYTES_MAX = 300 * 1024 * 1024

/** In milliseconds, from the kill. */
interface Recovery {
  /** Until the job's followers were told that it failed. */
  readonly lostMs: number
  readonly runningMs: number
}

/**
 * Kills the task managers of a small job in turn, each with -9, and tells how soon that was found and how soon the job
 * ran again. Before, what a cluster needs that does nothing: time to start, and memory.
 */
export async function recovery({ kills, strict }: RecoveryOptions, say: Say): Promise<void> {
  const cluster = await TestCluster.start()
  try {
    const starts = [cluster.jobManagerStartMs, await cluster.startTaskManager('tm-1')]
    await pause(SETTLE_MS)
    tellIdle(cluster, say)
    for (const name of TASK_MANAGERS.slice(1)) starts.push(await cluster.startTaskManager(name))
    say(`ready after ${starts.map(inMs).join(', ')}; the first is the job manager`)

    const job = await cluster.submit({ file: JOB, params: {}, parallelism: PARALLELISM })
    await job.progress.until('it runs', () => job.progress.attempt > 0)
    const recoveries: Recovery[] = []
    for (let kill = 0; kill < kills; kill++) {
      const { recovery, startMs } = await killOne(cluster, job, kill)
      recoveries.push(recovery)
      starts.push(startMs)
    }
    await job.cancel()
    assert.deepEqual(cluster.unwantedEnds, [], 'nodes ended by themselves')

    const lostMs = recoveries.map((recovery) => recovery.lostMs)
    const runningMs = recoveries.map((recovery) => recovery.runningMs)
    say(`${kills} kills, found lost: ${spread(lostMs)}`)
    say(`${kills} kills, RUNNING again: ${spread(runningMs)}`)
    say(`${starts.length} starts, ready: ${spread(starts)}`)
    if (!strict) return
    for (const [what, times, aimMs] of [
      ['found lost', lostMs, AIMS.lostMs],
      ['RUNNING again', runningMs, AIMS.runningMs],
      ['ready', starts, AIMS.startMs],
    ] as const)
      assert(median(times) <= aimMs, `${what}: the aim is ${aimMs} ms, the median ${inMs(median(times))}`)
  } catch (error) {
    say(cluster.tails())
    throw error
  } finally {
    await cluster.stop()
  }
}

/** Once there is a checkpoint of the attempt under way to go back to. The next one comes when all are there again. */
async function killOne(
  cluster: TestCluster,
  job: SubmittedJob,
  kill: number,
): Promise<{ recovery: Recovery; startMs: number }> {
  const { progress } = job
  const { attempt, completedCheckpoints } = progress
  await progress.until('a checkpoint', () => progress.completedCheckpoints > completedCheckpoints + 1)
  const used = [...new Set((await cluster.slotsOf(job)).map(({ name }) => name))].sort()
  const name = used[kill % used.length]
  assert(name !== undefined, 'the job uses no task manager')
  const node = cluster.node(name)
  const at = performance.now()
  await node.kill()
  await progress.until(`it runs again without ${name}`, () => progress.attempt > attempt)
  const [lostMs, runningMs] = [progress.after(at, 'failure'), progress.after(at, 'running')]
  assert(lostMs !== undefined && runningMs !== undefined, `nobody said that ${name} was lost`)
  const startMs = await node.start()
  await cluster.untilNode(name, 'is alive again')
  return { recovery: { lostMs, runningMs }, startMs }
}

function tellIdle(cluster: TestCluster, say: Say): void {
  const pids = [cluster.nats.pid, cluster.node(JOB_MANAGER).pid, cluster.node('tm-1').pid]
  const bytes = pids.map((pid) => {
    assert(pid !== undefined, 'a process of the idle cluster has ended')
    return residentBytesOf(pid)
  })
  const sum = bytes.reduce((all, each) => all + each, 0)
  const [nats, jobManager, taskManager] = bytes.map(inMegabytes)
  say(
    `idle: nats-server ${nats}, job manager ${jobManager}, task manager ${taskManager}; together ${inMegabytes(sum)}`,
  )
  assert(
    sum < IDLE_BYTES_MAX,
    `an idle cluster takes ${inMegabytes(sum)}, of at most ${inMegabytes(IDLE_BYTES_MAX)}`,
  )
}

function spread(timesMs: readonly number[]): string {
  return `median ${inMs(median(timesMs))}, worst ${inMs(Math.max(...timesMs))}`
}

/** Of an even number, the higher of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
