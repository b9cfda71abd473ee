import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startNats } from '../../test/support/nats-server.js'
import { PROJECT } from '../../test/support/project.js'
import type { Benchmark, Contest } from '../suite/benchmark.js'
import { ProcessUsage } from '../suite/process-usage.js'
import type { Sample } from '../suite/sample.js'
import { sourceOf } from './job-run.js'

const RETAKE = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
/** A trickle, so that what is measured is the start. */
const TRICKLE = ['--param', 'records=1000000000', '--param', 'ratePerSecond=1000']

export const startUp: Benchmark = {
  name: 'start-up',
  question: 'How long from the start of a process to a job that runs, and how much memory is it then?',
  unit: 'starts',
  async prepare(): Promise<Contest> {
    const nats = await startNats({ version: 'current' })
    const state = await mkdtemp(join(tmpdir(), 'retake-bench-'))
    const where = ['--nats', nats.url, '--state', state]
    const job = sourceOf('click-count-job.ts')
    return {
      configuration: { parallelism: 2, nats: nats.version },
      contenders: [
        {
          name: 'node, one line',
          measure: () => started(['-e', 'console.log("up"); setInterval(() => {}, 1_000)'], /^up$/),
        },
        { name: 'retake node, ready', measure: () => started([RETAKE, 'node', ...where], /✔ ready/) },
        {
          name: 'retake dev, the job runs',
          measure: () => started([RETAKE, 'dev', job, '--parallelism', '2', ...TRICKLE], /running, \d/),
        },
      ],
      async dispose() {
        await nats.stop()
        await rm(state, { recursive: true, force: true })
      },
    }
  },
}

/** Of a fresh process of Node: until it says that it is up, and what it took for that. */
async function started(args: readonly string[], up: RegExp): Promise<Sample> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const gone = once(child, 'exit')
  const usage = new ProcessUsage([child.pid!])
  try {
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      const onLine = (line: string) => {
        said.push(line)
        if (up.test(line)) resolve()
      }
      for (const output of [child.stdout, child.stderr]) createInterface(output).on('line', onLine)
      void gone.then(() => reject(new Error(`it ended before it was up:\n${said.join('\n')}`)))
    })
    const seconds = (performance.now() - startedAt) / 1_000
    return { count: 1, seconds, ...usage.stop(), figures: { startUpSeconds: seconds } }
  } finally {
    child.kill('SIGTERM')
    await gone
  }
}
