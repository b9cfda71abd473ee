import { startNats } from '../../test/support/nats-server.js'
import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Contest, Scale } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import type { BareLoop } from './bare-loop.js'
import { loggedInOf } from './clicks.js'
import { clusterSample } from './cluster-run.js'

export const scaling: Benchmark = {
  name: 'scaling',
  question: 'What do more subtasks bring, in one process and over two?',
  unit: 'clicks',
  async prepare(scale: Scale): Promise<Contest> {
    const [clicks, warmUp] = scale === 'full' ? [10_000_000, 4_000_000] : [2_000_000, 500_000]
    const nats = await startNats({ version: 'current' })
    const jobOf = (parallelism: number) => ({
      file: 'click-count-job.ts',
      parallelism,
      records: clicks,
      warmUp,
      rows: loggedInOf(clicks),
    })
    const retake = (parallelism: number) =>
      apart(new URL('./job-run.js', import.meta.url).href, jobOf(parallelism))
    const bareLoop = (threads: number) => {
      const loop: BareLoop = { threads, clicks, warmUp }
      return apart(new URL('./bare-loop.js', import.meta.url).href, loop)
    }
    const overNats = (parallelism: number) => clusterSample(nats, { ...jobOf(parallelism), nodes: 2 })
    return {
      configuration: { clicks, warmUp, nats: nats.version },
      contenders: [
        contender('retake, 1', 1, retake),
        contender('retake, 2', 2, retake),
        contender('retake, 2 + 2 over NATS', 4, overNats),
        contender('bare loop, 1', 1, bareLoop),
        contender('bare loop, 2', 2, bareLoop),
      ],
      dispose: () => nats.stop(),
    }
  },
}

function contender(
  name: string,
  parallelism: number,
  measure: (parallelism: number) => Promise<Sample>,
): Contender {
  return {
    name,
    measure: async () => ({ ...(await measure(parallelism)), figures: { parallelism } }),
  }
}
