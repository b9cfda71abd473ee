import { latency } from './jobs/latency.js'
import { nexmark } from './jobs/nexmark.js'
import { scaling } from './jobs/scaling.js'
import { startUp } from './jobs/start-up.js'
import { throughput } from './jobs/throughput.js'
import { throughputNats } from './jobs/throughput-nats.js'
import { mainJob } from './main-job/main-job.js'
import type { Benchmark } from './suite/benchmark.js'

/** All of them, in the order in which they are listed and run. */
export const BENCHMARKS: readonly Benchmark[] = [
  throughput,
  throughputNats,
  mainJob,
  scaling,
  latency,
  startUp,
  nexmark,
]
