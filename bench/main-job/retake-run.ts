/**
 * Retake's side of the main job: `examples/click-count.ts` as it stands, on a node in this process, with a slot for each
 * subtask and its state in a directory. Records flow from RUNNING on; the job is finished when what its final checkpoint
 * holds is committed.
 *
 * Rows are written as Retake's sink does: the latest of each user for each statement, exactly-once at checkpoints (and
 * more than once for one of them where a statement is full before), at-least-once some 20 times a second.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Node } from '#actors/node.js'
import { pinoLogger } from '#src/cli/pino-logger.js'
import { systemClock } from '#src/kit/clock.js'
import { systemRandom } from '#src/kit/random.js'
import { committed, say } from './run-line.js'

export interface RetakeRun {
  readonly parallelism: number
  readonly params: Readonly<Record<string, string>>
}

/** This file runs from dist; the job is bundled from its TypeScript. */
const JOB = fileURLToPath(new URL('../../../examples/click-count.ts', import.meta.url))

async function main({ parallelism, params }: RetakeRun): Promise<void> {
  const stateDirectory = await mkdtemp(join(tmpdir(), 'retake-bench-'))
  const node = await Node.start({
    stateDirectory,
    slots: parallelism,
    clock: systemClock,
    random: systemRandom,
    logger: pinoLogger({ level: 'error', format: 'text', write: (line) => process.stderr.write(line) }),
  })
  try {
    const job = await node.submit({ file: JOB, parallelism, params })
    job.follow((event) => {
      if (event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined) {
        say({ type: 'running' })
      } else if (event.type === 'metrics') {
        say({ type: 'read', clicks: event.metrics.recordsIn })
      } else if (event.type === 'checkpoint' && event.record.state === 'completed') {
        say({ type: 'checkpoint', seconds: event.record.durationMs / 1_000 })
      }
    })
    const { outcome, error } = await job.ended
    if (outcome !== 'finished') throw new Error(`the job ${outcome}: ${error?.message}`)
    await committed()
  } finally {
    await node.stop()
    await rm(stateDirectory, { recursive: true, force: true })
  }
}

await main(JSON.parse(process.argv[2]!) as RetakeRun)
