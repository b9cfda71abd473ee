import { ClickOracle } from '../e2e/click-oracle.js'
import { rowsOf } from '../e2e/click-verdict.js'
import { until } from '../support/until.js'
import { TOPIC } from './chaos-cluster.js'
import type { Verdict } from './chaos-report.js'
import type { Stage } from './stage.js'

const DRAIN_MS = 120_000

/**
 * When no click is due any more: waits until PostgreSQL has as many as the topic, ends the job, and compares, per user
 * and row by row. The topic is read with another client than ours.
 */
export async function verdictOn({ cluster }: Stage): Promise<Verdict> {
  const { kafka, postgres, job } = cluster
  const oracle = await ClickOracle.of(kafka.bootstrap, TOPIC)
  const count = { users: oracle.counts.size, clicks: oracle.log.size }
  const { progress } = job
  const problems: string[] = []
  try {
    await until(async () => (await rowsOf(postgres, 'click_log')) >= oracle.log.size, {
      what: 'every click to be in PostgreSQL',
      timeoutMs: DRAIN_MS,
      everyMs: 200,
    })
    // The sums are committed with the rows or just after them, and a row that is repeated may come later.
    const { completedCheckpoints } = progress
    await progress.until(
      'two more checkpoints',
      () => progress.completedCheckpoints > completedCheckpoints + 1,
    )
    await job.cancel()
  } catch (error) {
    problems.push((error as Error).message)
  }
  const log = await oracle.compareLog(postgres, 'click_log')
  const wrongSums = (await oracle.faultsOfCounts(postgres, 'click_counts')).length
  const isExact = problems.length === 0 && log.missing + log.foreign + log.repeated + wrongSums === 0
  return { isExact, ...count, ...log, wrongSums, problem: problems[0] }
}
