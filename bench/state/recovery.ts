import { startNats } from '../../test/support/nats-server.js'
import { apart } from '../suite/apart.js'
import type { Benchmark, Scale } from '../suite/benchmark.js'
import { Meter } from '../suite/meter.js'
import type { Sample } from '../suite/sample.js'
import { inDirectory } from './in-directory.js'
import { HEAP, ROW_BYTES, sizeOf } from './rows.js'
import { attemptRuns, RowsCluster, type StorePlace } from './rows-cluster.js'
import { Sightings } from './sightings.js'

interface Input {
  readonly users: number
  readonly place: StorePlace
}

/**
 * A slot is killed. From when the next attempt is decided upon until all subtasks run, each in a thread that has never
 * met the state: it is read, verified and decoded. What is measured begins with the decision, as how soon a death is
 * noticed and how long a restart waits are settings.
 */
export const recovery: Benchmark = {
  name: 'recovery',
  question: 'How long does it take from deployment until all subtasks run, with so much state?',
  unit: 'rows',
  prepare,
}

async function prepare(scale: Scale) {
  const nats = await startNats({ jetStream: true })
  let clusters = 0
  const sizes = scale === 'full' ? [100_000, 1_000_000, 10_000_000] : [100_000]
  return {
    configuration: {
      parallelism: 2,
      maxParallelism: 128,
      bytesPerRow: ROW_BYTES,
      objectStore: `nats-server ${nats.version}, one server, file storage`,
    },
    contenders: sizes.flatMap((users) => [
      {
        name: `${sizeOf(users)}, directory`,
        measure: () => inDirectory((directory) => run({ users, place: { kind: 'directory', directory } })),
      },
      {
        name: `${sizeOf(users)}, object store`,
        measure: () =>
          run({ users, place: { kind: 'object store', url: nats.url, cluster: `recovery-${clusters++}` } }),
      },
    ]),
    targets: [
      { kind: 'at-most', of: '10 MB, directory', figure: 'deploySeconds', aim: 1, floor: 5 } as const,
      ...(scale === 'full'
        ? [{ kind: 'at-most', of: '100 MB, directory', figure: 'deploySeconds', aim: 3 } as const]
        : []),
    ],
    dispose: () => nats.stop(),
  }
}

function run(input: Input): Promise<Sample> {
  return apart(import.meta.url, input, HEAP)
}

export async function measure({ users, place }: Input): Promise<Sample> {
  const cluster = await RowsCluster.start(place)
  const seen = new Sightings()
  const filled = seen.reach(users * 1.2)
  const job = await cluster.submit(users)
  await filled
  const { bytes, failure } = await job.checkpointNow()
  if (failure !== undefined) throw new Error(`the checkpoint failed: ${failure.message}`)

  const running = attemptRuns(job, 2)
  const meter = new Meter()
  const killedAt = performance.now()
  await cluster.crashSlot()
  const { deployedAt, runningAt } = await running
  const { cpuSeconds } = meter.stop()
  await cluster.end(job)
  seen.close()

  const deploySeconds = (runningAt - deployedAt) / 1_000
  return {
    count: users,
    seconds: deploySeconds,
    cpuSeconds,
    figures: { deploySeconds, killedToRunningSeconds: (runningAt - killedAt) / 1_000, stateBytes: bytes },
  }
}
