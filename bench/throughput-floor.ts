import { bareClicksPerSecond } from './bare-loop.js'
import type { Benchmark, Contender } from './suite/benchmark.js'
import { retakeClicksPerSecond } from './throughput.js'

/** The runtime against a bare two-thread loop that does the same. */
export const throughput: Benchmark = {
  name: 'throughput',
  question: 'How much of the rate of a bare two-thread loop is left to a job that does the same?',
  unit: 'clicks',
  async prepare(scale) {
    const clicks = scale === 'full' ? 10_000_000 : 2_000_000
    const contender = (name: string, perSecond: (count: number) => Promise<number>): Contender => ({
      name,
      measure: async () => ({ count: clicks, seconds: clicks / (await perSecond(clicks)) }),
    })
    return {
      configuration: { clicks, pipeline: 'generator → filter → map → keyBy → sum → discard', parallelism: 2 },
      contenders: [contender('bare loop', bareClicksPerSecond), contender('retake', retakeClicksPerSecond)],
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare loop', aim: 0.8, floor: 0.25 }],
    }
  },
}
