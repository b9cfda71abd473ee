import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'

const JOB = fileURLToPath(new URL('../../bench/throughput-job.ts', import.meta.url))

/** Clicks per second of the runtime, from when all subtasks run to when the job has finished, final checkpoint and all. */
export async function retakeClicksPerSecond(count: number): Promise<number> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'retake-bench-'))
  const node = await Node.start({
    stateDirectory,
    slots: 2,
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
  })
  try {
    const job = await node.submit({ file: JOB, params: { count: String(count) } })
    let runningAt = 0
    job.follow((event) => {
      if (event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined)
        runningAt = performance.now()
    })
    const { outcome, error } = await job.ended
    const seconds = (performance.now() - runningAt) / 1_000
    if (outcome !== 'finished') throw new Error(`the job ${outcome}: ${error?.message}`)
    return count / seconds
  } finally {
    await node.stop()
    await rm(stateDirectory, { recursive: true, force: true })
  }
}
