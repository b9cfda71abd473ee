import { latency } from './jobs/latency.js'
import { nexmark } from './jobs/nexmark.js'
import { scaling } from './jobs/scaling.js'
import { startUp } from './jobs/start-up.js'
import { throughput } from './jobs/throughput.js'
import { throughputNats } from './jobs/throughput-nats.js'
import { mainJob } from './main-job/main-job.js'
import { aligner } from './micro/aligner.js'
import { ask } from './micro/ask.js'
import { askNats } from './micro/ask-nats.js'
import { big } from './micro/big.js'
import { channelByPort } from './micro/channel-by-port.js'
import { channelByReference } from './micro/channel-by-reference.js'
import { channelOverNats } from './micro/channel-over-nats.js'
import { forkJoinThroughput } from './micro/fork-join-throughput.js'
import { frameCodec } from './micro/frame-codec.js'
import { keyedState } from './micro/keyed-state.js'
import { partitioner } from './micro/partitioner.js'
import { pingPong } from './micro/ping-pong.js'
import { tell } from './micro/tell.js'
import { threadPingPong } from './micro/thread-ping-pong.js'
import { threadRing } from './micro/thread-ring.js'
import { timers } from './micro/timers.js'
import { checkpointCost, largeCheckpointCost } from './state/checkpoint-cost.js'
import { recovery } from './state/recovery.js'
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
  checkpointCost,
  largeCheckpointCost,
  recovery,
  tell,
  pingPong,
  threadRing,
  forkJoinThroughput,
  big,
  ask,
  askNats,
  threadPingPong,
  channelByReference,
  channelByPort,
  channelOverNats,
  frameCodec,
  partitioner,
  aligner,
  keyedState,
  timers,
]
