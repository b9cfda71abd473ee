import { type NatsServer, startNats } from '../../test/support/nats-server.js'
import { apart } from '../suite/apart.js'
import type { Benchmark, Contender, Contest } from '../suite/benchmark.js'
import { Meter } from '../suite/meter.js'
import type { Sample, TimelineEvent } from '../suite/sample.js'
import { inDirectory } from './in-directory.js'
import { HEAP, ROW_BYTES, sizeOf } from './rows.js'
import { RowsCluster, type StorePlace } from './rows-cluster.js'
import { Sightings } from './sightings.js'

interface Input {
  readonly users: number
  readonly place: StorePlace
  /** Undefined: no checkpoints. */
  readonly everyMs?: number
  readonly seconds: number
}

const MB = 1e6
const WINDOW_MS = 100

/** What checkpoints cost while records flow. The job: `rows-job.ts`; stops are seen at its sinks (`stop-probe.ts`). */
export const checkpointCost: Benchmark = {
  name: 'checkpoint-cost',
  question:
    'What does a checkpoint every second cost in throughput, and how long do records stand still for it?',
  unit: 'clicks',
  async prepare(scale) {
    const isFull = scale === 'full'
    return {
      ...(await contestOf(isFull ? [10 * MB, 100 * MB] : [10 * MB], isFull ? 10 : 3)),
      targets: [
        {
          kind: 'ratio',
          of: '10 MB, directory',
          over: '10 MB, no checkpoints',
          aim: 0.95,
          floor: 0.7,
        },
        ...(isFull
          ? [{ kind: 'at-most', of: '100 MB, directory', figure: 'longestStopMs', aim: 20 } as const]
          : []),
      ],
    }
  },
}

/** By itself, because it takes so long. A check has a tenth of it. */
export const largeCheckpointCost: Benchmark = {
  name: 'checkpoint-cost-large',
  question: 'The same with a gigabyte of state, where one checkpoint follows the other.',
  unit: 'clicks',
  prepare: (scale) => (scale === 'full' ? contestOf([1_000 * MB], 10) : contestOf([100 * MB], 3)),
}

async function contestOf(sizes: readonly number[], seconds: number): Promise<Contest> {
  const nats = await startNats({ jetStream: true })
  return {
    configuration: {
      parallelism: 2,
      maxParallelism: 128,
      secondsMeasured: seconds,
      checkpointEveryMs: 1_000,
      bytesPerRow: ROW_BYTES,
      objectStore: `nats-server ${nats.version}, one server, file storage`,
    },
    contenders: sizes.flatMap((bytes) => bySize(bytes, seconds, nats)),
    dispose: () => nats.stop(),
  }
}

function bySize(bytes: number, seconds: number, nats: NatsServer): Contender[] {
  const users = Math.round(bytes / ROW_BYTES)
  const measured = (name: string, input: (directory: string) => Omit<Input, 'users' | 'seconds'>) => ({
    name: `${sizeOf(users)}, ${name}`,
    measure: () =>
      inDirectory((directory) => apart(import.meta.url, { users, seconds, ...input(directory) }, HEAP)),
  })
  let clusters = 0
  return [
    measured('no checkpoints', (directory) => ({ place: { kind: 'directory', directory } })),
    measured('directory', (directory) => ({ place: { kind: 'directory', directory }, everyMs: 1_000 })),
    measured('object store', () => ({
      place: { kind: 'object store', url: nats.url, cluster: `c${users}-${clusters++}` },
      everyMs: 1_000,
    })),
  ]
}

/** Fills the state, lets the job run warm, checkpoints included, then looks at it for a while. */
export async function measure({ users, place, everyMs, seconds }: Input): Promise<Sample> {
  const cluster = await RowsCluster.start(place)
  const seen = new Sightings()
  const filled = seen.reach(users * 1.2)
  const job = await cluster.submit(users)
  await filled
  const checkpoints: { readonly at: number; readonly durationMs: number; readonly bytes: number }[] = []
  let isOver = false
  const checkpointing = (async () => {
    while (everyMs !== undefined && !isOver) {
      const at = performance.now()
      const { durationMs, bytes, failure } = await job.checkpointNow()
      if (failure !== undefined) throw new Error(`a checkpoint failed: ${failure.message}`)
      checkpoints.push({ at, durationMs, bytes })
      await elapsed(at + everyMs)
    }
  })()
  await elapsed(performance.now() + 3_000)

  seen.take()
  const warm = checkpoints.length
  const meter = new Meter()
  const startedAt = performance.now()
  const windows: ReturnType<Sightings['take']>[] = []
  for (let end = startedAt + WINDOW_MS; end <= startedAt + seconds * 1_000; end += WINDOW_MS) {
    await elapsed(end)
    windows.push(seen.take())
  }
  const cost = meter.stop()
  isOver = true
  await checkpointing
  await cluster.end(job)
  seen.close()

  const measured = checkpoints.slice(warm)
  const events = measured.map(
    ({ at, durationMs }): TimelineEvent => ({
      at: (at - startedAt) / 1_000,
      kind: 'checkpoint',
      seconds: durationMs / 1_000,
    }),
  )
  return {
    count: windows.reduce((sum, { records }) => sum + records, 0),
    seconds: cost.seconds,
    cpuSeconds: cost.cpuSeconds,
    gcSeconds: windows.reduce((sum, { gcMs }) => sum + gcMs, 0) / 1_000,
    timeline: {
      windowSeconds: WINDOW_MS / 1_000,
      rates: windows.map(({ records }) => (records * 1_000) / WINDOW_MS),
      steady: [0, windows.length],
      events,
    },
    figures: {
      longestStopMs: Math.max(...windows.map(({ longestStopMs }) => longestStopMs)),
      longestCollectionMs: Math.max(...windows.map(({ longestGcMs }) => longestGcMs)),
      checkpoints: measured.length,
      ...(measured.length > 0 && {
        checkpointSeconds: median(measured.map(({ durationMs }) => durationMs)) / 1_000,
        stateBytes: Math.max(...checkpoints.map(({ bytes }) => bytes)),
      }),
    },
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >>> 1]!
}

function elapsed(at: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())))
}
