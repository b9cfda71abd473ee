import { checkpointCost } from './state/checkpoint-cost.js'
import { recovery } from './state/recovery.js'
import type { Benchmark } from './suite/benchmark.js'
import { throughput } from './throughput-floor.js'

/** All of them, in the order in which they are listed and run. */
export const BENCHMARKS: readonly Benchmark[] = [throughput, checkpointCost, recovery]
