import { startNats } from '../../test/support/nats-server.js'
import type { Benchmark, Contest, Scale } from '../suite/benchmark.js'
import { loggedInOf } from './clicks.js'
import { type BareCluster, bareClusterSample, type ClusterRun, clusterSample } from './cluster-run.js'

const NODES = 2

export const throughputNats: Benchmark = {
  name: 'throughput-nats',
  question:
    'The same job on two processes, so that half of all rows go over NATS: how close to the raw client?',
  unit: 'clicks',
  async prepare(scale: Scale): Promise<Contest> {
    const [clicks, warmUp] = scale === 'full' ? [12_000_000, 4_000_000] : [2_500_000, 500_000]
    const rows = loggedInOf(clicks)
    const nats = await startNats({ version: 'current' })
    const job: ClusterRun = {
      file: 'click-count-job.ts',
      nodes: NODES,
      parallelism: NODES,
      records: clicks,
      warmUp,
      rows,
    }
    const bare: BareCluster = { processes: NODES, clicks, warmUp, rows }
    return {
      configuration: { clicks, warmUp, processes: NODES, slots: 1, nats: nats.version },
      contenders: [
        { name: 'retake', measure: () => clusterSample(nats, job) },
        { name: 'raw client', measure: () => bareClusterSample(nats, bare) },
      ],
      targets: [{ kind: 'ratio', of: 'retake', over: 'raw client', aim: 0.7 }],
      dispose: () => nats.stop(),
    }
  },
}
