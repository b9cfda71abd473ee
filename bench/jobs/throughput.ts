import { apart } from '../suite/apart.js'
import type { Benchmark, Contest, Scale } from '../suite/benchmark.js'
import type { BareLoop } from './bare-loop.js'
import { loggedInOf } from './clicks.js'
import type { JobRun } from './job-run.js'

const PARALLELISM = 2

export const throughput: Benchmark = {
  name: 'throughput',
  question:
    'generator → filter → map → keyBy → sum → discard in one process: how close to a loop without a runtime?',
  unit: 'clicks',
  async prepare(scale: Scale): Promise<Contest> {
    const [clicks, warmUp] = scale === 'full' ? [15_000_000, 5_000_000] : [2_500_000, 500_000]
    const run: JobRun = {
      file: 'click-count-job.ts',
      parallelism: PARALLELISM,
      records: clicks,
      warmUp,
      rows: loggedInOf(clicks),
    }
    const loop: BareLoop = { threads: PARALLELISM, clicks, warmUp }
    return {
      configuration: { clicks, warmUp, parallelism: PARALLELISM, checkpointInterval: '10s' },
      contenders: [
        {
          name: 'retake',
          measure: () => apart(new URL('./job-run.js', import.meta.url).href, run),
        },
        {
          name: 'bare loop',
          measure: () => apart(new URL('./bare-loop.js', import.meta.url).href, loop),
        },
      ],
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare loop', aim: 0.8, floor: 0.4 }],
    }
  },
}
