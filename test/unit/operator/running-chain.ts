import type { Job } from '#src/api/index.js'
import { frozen } from '#src/channel/frozen.js'
import { Connectors } from '#src/connector/registry.js'
import type { SinkSpec, SinkWriter } from '#src/connector/sink.js'
import type { SourceContext, SourceSpec } from '#src/connector/source.js'
import { outEdges } from '#src/graph/job-graph.js'
import { chainOf, type VertexContext } from '#src/graph/vertex-chain.js'
import type { Attempt, CheckpointId, RunId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { Chain } from '#src/operator/chain.js'
import type { RestoredOperator } from '#src/operator/restored-operator.js'
import { type Bytes, wholeOf } from '#src/state/bytes.js'
import type {
  BlobName,
  BlobReader,
  Capture,
  Part,
  PartStore,
  SplitPosition,
  SubtaskSnapshot,
} from '#src/state/snapshot.js'

export interface RunningChainOptions {
  readonly vertex?: number
  readonly subtask?: number
  readonly parallelism?: number
  readonly restored?: readonly RestoredOperator[]
  readonly blobs?: MemoryBlobs
  readonly clock?: VirtualClock
}

/** One vertex of `job`, opened, with sources and sinks that the test drives and reads. */
export class RunningChain {
  readonly clock: VirtualClock
  readonly blobs: MemoryBlobs
  readonly calls: string[] = []
  readonly failures: unknown[] = []
  /** By output, what went over it. */
  readonly emitted: unknown[][]
  /** By sink id. */
  readonly written: Record<string, unknown[]> = {}
  /** What the source emits, a batch for each poll. */
  readonly polls: unknown[][] = []
  sinkIsReady = true
  readonly chain: Chain

  constructor(job: Job, options: RunningChainOptions = {}) {
    const { vertex = 0, subtask = 0, parallelism = 1, restored = [] } = options
    this.clock = options.clock ?? new VirtualClock()
    this.blobs = options.blobs ?? new MemoryBlobs()
    const graph = job.build({ parallelism })
    this.emitted = outEdges(graph, vertex as VertexIndex).map(() => [])
    const ctx: VertexContext = {
      run: 'run' as RunId,
      attempt: 1 as Attempt,
      subtask: subtask as SubtaskIndex,
      clock: this.clock,
      logger: silentLogger,
      blobs: this.blobs,
      restored,
      restoredFrom: { run: 'run' as RunId, checkpoint: 0 as CheckpointId },
      connectors: this.#connectors(),
      allowRepeatedRows: false,
      outputs: this.emitted.map((records) => (batch) => {
        records.push(...frozen([...batch]))
      }),
      ready: () => this.calls.push('ready'),
      fail: (error) => this.failures.push(error),
      skipped: () => {},
    }
    this.chain = chainOf(graph, vertex as VertexIndex, ctx)
  }

  static async opened(job: Job, options: RunningChainOptions = {}): Promise<RunningChain> {
    const running = new RunningChain(job, options)
    await running.chain.open()
    return running
  }

  process(...records: unknown[]): void {
    this.chain.process(frozen(records))
  }

  /** A whole snapshot, taken slice by slice. */
  async snapshot(checkpoint: number): Promise<SubtaskSnapshot> {
    const capture = this.chain.capture(checkpoint as CheckpointId, this.blobs)
    while (!capture.slice());
    return capture.upload()
  }

  #connectors(): Connectors {
    const source = {
      enumerator: () => {
        throw new Error('not here')
      },
      reader: (_: SourceSpec, ctx: SourceContext) => this.#reader(ctx),
    }
    const sink = { writer: (_: SinkSpec, ctx: { operator: string }) => this.#writer(ctx.operator) }
    return new Connectors(
      { generator: source, custom: source },
      { table: sink, discard: sink, collect: sink },
    )
  }

  #reader(ctx: SourceContext) {
    let emitted = 0
    return {
      addSplits: (splits: readonly SplitPosition[]) =>
        this.calls.push(`splits ${splits.map(({ split }) => split)}`),
      poll: () => {
        const records = this.polls.shift()
        for (const record of records ?? []) {
          ctx.emit(frozen(record))
          emitted += 1
        }
        return records === undefined ? ('end' as const) : ('more' as const)
      },
      positions: () => [{ split: 's', owner: ctx.subtask, position: emitted }],
      onCheckpointComplete: (checkpoint: CheckpointId, positions: readonly SplitPosition[]) => {
        this.calls.push(`source complete ${checkpoint} at ${positions.map(({ position }) => position)}`)
      },
      close: async () => {
        this.calls.push('source closed')
      },
    }
  }

  #writer(id: string): SinkWriter {
    const rows: unknown[] = []
    this.written[id] = rows
    return {
      open: async (restored) => {
        this.calls.push(`${id} opened with ${restored.length}`)
      },
      write: (records) => {
        rows.push(...frozen([...records]))
      },
      isReady: () => this.sinkIsReady,
      capture: (checkpoint): Capture => ({
        slice: () => true,
        upload: async (blobs) => {
          const part = await blobs.put(id, new TextEncoder().encode(JSON.stringify(rows)))
          return { pieces: [{ owner: 0, run: 'run' as RunId, checkpoint, number: 0, part }] }
        },
      }),
      onCheckpointComplete: (checkpoint) => {
        this.calls.push(`${id} complete ${checkpoint}`)
      },
      drain: async () => {
        this.calls.push(`${id} drained`)
      },
      close: async () => {
        this.calls.push(`${id} closed`)
      },
    }
  }
}

/** A store in memory. */
export class MemoryBlobs implements BlobReader, PartStore {
  readonly #blobs = new Map<BlobName, Uint8Array>()

  async put(name: string, bytes: Bytes): Promise<Part> {
    const blob = `${this.#blobs.size}-${name}` as BlobName
    const whole = wholeOf(bytes).slice()
    this.#blobs.set(blob, whole)
    return { blob, offset: 0, bytes: whole.length, hash: '' }
  }

  async delete(parts: readonly Part[]): Promise<void> {
    for (const { blob } of parts) this.#blobs.delete(blob)
  }

  async get({ blob, offset, bytes }: Part): Promise<Uint8Array> {
    const whole = this.#blobs.get(blob)
    if (whole === undefined) throw new Error(`no blob ${blob}`)
    return whole.subarray(offset, offset + bytes)
  }
}

/** What a snapshot gives back to the same subtask. */
export function restoredFrom({ operators, ended }: SubtaskSnapshot): RestoredOperator[] {
  return operators.map(({ operator, pieces = [], keyed = [] }) => ({ operator, pieces, keyed, ended }))
}
