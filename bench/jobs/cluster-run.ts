import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClusterClient } from '#actors/cluster-client.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { randomToken, systemRandom } from '#src/kit/random.js'
import type { NatsServer } from '../../test/support/nats-server.js'
import type { Sample } from '../suite/sample.js'
import type { BareProcess } from './bare-process.js'
import type { JobNode } from './job-node.js'
import { type JobRun, sourceOf } from './job-run.js'
import { ledgerOf } from './ledger.js'
import { MeasuredParts } from './measured-parts.js'

/** Nodes, each a process of its own; the first one directs, too. */
export interface ClusterRun extends JobRun {
  readonly nodes: number
  readonly rows: number
}

/** A job on a cluster of its own, whose nodes are started and ended with it. */
export async function clusterSample(nats: NatsServer, run: ClusterRun): Promise<Sample> {
  const { file, parallelism, params, records, warmUp, rows, nodes } = run
  const stateDirectory = await mkdtemp(join(tmpdir(), 'retake-bench-'))
  const cluster = randomToken(systemRandom)
  const parts = new MeasuredParts(warmUp, pidsOf(nats))
  const connection = { nats: { servers: [nats.url] }, cluster }
  const surroundings = { clock: systemClock, random: systemRandom, logger: silentLogger }
  let client: ClusterClient | undefined
  try {
    for (let number = 1; number <= nodes; number++) {
      const node: JobNode = {
        name: `node-${number}`,
        roles: number === 1 ? ['job-manager', 'task-manager'] : ['task-manager'],
        slots: parallelism / nodes,
        cluster,
        servers: nats.url,
        stateDirectory,
      }
      await parts.start('./job-node.js', node)
    }
    client = await ClusterClient.connect({ ...connection, ...surroundings })
    const submitted = { ...params, records: String(records) }
    const job = await client.submit({ file: sourceOf(file), params: submitted, parallelism })
    job.follow((event) => {
      if (event.type !== 'checkpoint' || event.record.state !== 'completed') return
      parts.onCheckpoint(event.record.triggeredAt, event.record.durationMs)
    })
    const { outcome, error } = await job.ended
    if (outcome !== 'finished') throw new Error(`the job has ${outcome}: ${error?.message}`)
    const sample = parts.measured(records)
    return { ...sample, ledger: ledgerOf(rows, sumOf(await parts.say())) }
  } finally {
    await client?.close()
    await parts.end()
    await rm(stateDirectory, { recursive: true, force: true })
  }
}

export interface BareCluster {
  readonly processes: number
  readonly clicks: number
  readonly warmUp: number
  readonly rows: number
}

/** The hand-written loop in several processes, which send each other over the raw client what a job sends. */
export async function bareClusterSample(nats: NatsServer, run: BareCluster): Promise<Sample> {
  const { processes, clicks, warmUp, rows } = run
  const parts = new MeasuredParts(warmUp, pidsOf(nats))
  try {
    for (let part = 0; part < processes; part++) {
      const process: BareProcess = { part: { part, parts: processes, clicks }, servers: nats.url }
      await parts.start('./bare-process.js', process)
    }
    const sums = await parts.say()
    return { ...parts.measured(clicks), ledger: ledgerOf(rows, sumOf(sums)) }
  } finally {
    await parts.end()
  }
}

/** One that was here before us is not ours to measure. */
function pidsOf({ pid }: NatsServer): readonly number[] {
  return pid === undefined ? [] : [pid]
}

function sumOf(rows: readonly number[]): number {
  return rows.reduce((sum, each) => sum + each, 0)
}
