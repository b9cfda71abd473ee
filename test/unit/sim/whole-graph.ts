import type { Job } from '#src/api/index.js'
import { frozen } from '#src/channel/frozen.js'
import { partitionerOf } from '#src/channel/partitioner.js'
import { manifestOf } from '#src/checkpoint/manifest.js'
import { type Restoration, restoreOf } from '#src/checkpoint/restore.js'
import { Connectors } from '#src/connector/registry.js'
import type { SinkContext, SinkSpec, SinkWriter } from '#src/connector/sink.js'
import type { SourceContext, SourceReader, SourceSpec } from '#src/connector/source.js'
import { deploymentOrder, executionGraphOf, type SubtaskPlan } from '#src/graph/execution-graph.js'
import type { JobGraph } from '#src/graph/job-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { planOf } from '#src/graph/plan-of.js'
import { chainOf } from '#src/graph/vertex-chain.js'
import { assert } from '#src/kit/assert.js'
import type { Attempt, CheckpointId, OperatorId, RunId, SubtaskId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { Chain } from '#src/operator/chain.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { Dice } from '../../sim/dice.js'
import type { Row } from '../../sim/row.js'
import type { ShapeInput } from '../../sim/shape-input.js'
import type { Committed } from '../../sim/table-rules.js'
import { MemoryBlobs } from '../operator/running-chain.js'

interface Member {
  readonly plan: SubtaskPlan
  readonly chain: Chain
  readonly source: OperatorId | undefined
  /** By input channel, what waits there. */
  readonly queues: (readonly unknown[])[][]
  readonly openInputs: Set<number>
  hasEnded: boolean
}

type Table = Map<unknown, Record<string, unknown>>

/**
 * All subtasks of a job in one thread, in an order that dice choose: real chains and real partitioners, and between
 * them, in place of actors and channels, arrays. For comparing what operators make of an input with what is expected.
 */
export class WholeGraph {
  readonly clock: VirtualClock
  readonly #dice: Dice
  readonly #input: ShapeInput
  readonly #tables = new Map<string, Table>()
  readonly #blobs = new MemoryBlobs()
  #graph!: JobGraph
  #plan!: JobPlan
  #members: readonly Member[] = []
  #rows = 0

  private constructor(input: ShapeInput, random: Random) {
    this.clock = new VirtualClock()
    this.#input = input
    this.#dice = new Dice(random)
  }

  static async opened(job: Job, input: ShapeInput, random: Random): Promise<WholeGraph> {
    const whole = new WholeGraph(input, random)
    await whole.#open(job.build())
    return whole
  }

  get committed(): Committed {
    return new Map([...this.#tables].map(([table, rows]) => [table, [...rows.values()]]))
  }

  /** So many steps, of sources and others. */
  async run(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      if (this.#dice.chance(0.05)) await this.#wait(this.#dice.between(1, 500))
      const member = this.#members[this.#dice.index(this.#members)]
      if (member !== undefined) this.#step(member)
    }
  }

  /** Until nothing waits any more, neither record nor timer. */
  async finish(): Promise<void> {
    for (;;) {
      await this.run(50)
      if (!this.#members.every((member) => this.#isDone(member))) continue
      const next = this.#members.map(({ chain }) => chain.nextTimerAt() ?? Infinity)
      const at = Math.min(...next)
      if (at === Infinity) return
      await this.#wait(Math.max(0, at - this.clock.wallTime()))
    }
  }

  /** Lets no more in, takes a checkpoint when nothing is under way, and goes on from it as another job. */
  async restoredAs(job: Job): Promise<void> {
    const captures = this.#sendersFirst().map((member) => {
      // Whoever feeds it has been captured, and has emitted all that it held back.
      while (member.queues.some((queue) => queue.length > 0)) this.#take(member)
      return member.chain.capture(1 as CheckpointId, this.#blobs)
    })
    const snapshots = await Promise.all(
      captures.map((capture) => {
        while (!capture.slice());
        return capture.upload()
      }),
    )
    const head = {
      run: 'run' as RunId,
      plan: this.#plan,
      checkpoint: 1 as CheckpointId,
      attempt: 1 as Attempt,
    }
    const manifest = manifestOf({ ...head, triggeredAt: 0, completedAt: 0 }, [], snapshots)
    const graph = job.build()
    await this.#open(graph, restoreOf(manifest, planOf(graph)))
  }

  #sendersFirst(): readonly Member[] {
    const order = deploymentOrder(this.#plan, executionGraphOf(this.#plan)).map(({ id }) => id)
    return [...this.#members].sort((a, b) => order.indexOf(b.plan.id) - order.indexOf(a.plan.id))
  }

  async #open(graph: JobGraph, restoration?: Restoration): Promise<void> {
    this.#graph = graph
    this.#plan = planOf(graph)
    const members = new Map<SubtaskId, Member>()
    for (const plan of executionGraphOf(this.#plan).subtasks)
      members.set(plan.id, this.#member(plan, members, restoration))
    this.#members = [...members.values()]
    for (const { chain } of this.#members) await chain.open()
    for (const { plan, chain, source } of this.#members) {
      if (source === undefined) continue
      const restored = restoration?.get(plan.id)?.find(({ operator }) => operator === source)
      chain.addSplits(
        restored?.splits ??
          this.#splitsOf(source).filter(({ owner }) => owner % plan.parallelism === plan.subtask),
      )
    }
  }

  #member(
    plan: SubtaskPlan,
    members: ReadonlyMap<SubtaskId, Member>,
    restoration: Restoration | undefined,
  ): Member {
    const { vertex, subtask } = plan
    const [first] = this.#graph.vertices[vertex]?.nodes ?? []
    const outputs = plan.outputs.map(({ edge, channels, maxParallelism }) => {
      const spec = this.#graph.edges[edge]?.partitioner
      assert(spec !== undefined, 'an edge of the plan is one of the graph', { edge })
      const partitioner = partitionerOf(spec, { channels: channels.length, subtask, maxParallelism })
      return (batch: readonly unknown[]) => {
        const targets: unknown[][] = channels.map(() => [])
        partitioner.partition(frozen([...batch]), targets)
        for (const [i, { to, receiverChannel }] of channels.entries()) {
          const records = targets[i] ?? []
          if (records.length > 0) members.get(to)?.queues[receiverChannel]?.push(frozen(records))
        }
      }
    })
    const chain = chainOf(this.#graph, vertex, {
      run: 'run' as RunId,
      attempt: 1 as Attempt,
      subtask,
      clock: this.clock,
      logger: silentLogger,
      blobs: this.#blobs,
      restored: restoration?.get(plan.id) ?? [],
      restoredFrom: { run: 'run' as RunId, checkpoint: 0 as CheckpointId },
      connectors: this.#connectors(),
      allowRepeatedRows: false,
      outputs,
      ready: () => {},
      fail: (error) => {
        throw error
      },
      skipped: () => {},
    })
    return {
      plan,
      chain,
      source: first?.operator.kind === 'source' ? first.id : undefined,
      queues: plan.inputs.map(() => []),
      openInputs: new Set(plan.inputs.map(({ channel }) => channel)),
      hasEnded: false,
    }
  }

  #step(member: Member): void {
    if (member.hasEnded) return
    if (member.source !== undefined) {
      if (member.chain.poll() === 'end') this.#ended(member)
    } else {
      this.#take(member)
      const isOver = member.openInputs.size === 0 && member.queues.every((queue) => queue.length === 0)
      if (isOver) this.#ended(member)
    }
  }

  /** A batch from one of the channels that have one. */
  #take({ chain, queues }: Member): void {
    const waiting = queues.filter((queue) => queue.length > 0)
    if (waiting.length === 0) return
    const batch = waiting[this.#dice.index(waiting)]?.shift()
    if (batch !== undefined) chain.process(batch)
  }

  #ended(member: Member): void {
    member.hasEnded = true
    member.chain.finish()
    for (const { channels } of member.plan.outputs) {
      for (const { to, receiverChannel } of channels) {
        this.#members.find(({ plan }) => plan.id === to)?.openInputs.delete(receiverChannel)
      }
    }
  }

  #isDone({ chain, source, queues, hasEnded, openInputs }: Member): boolean {
    if (hasEnded) return true
    if (source === undefined) return openInputs.size > 0 && queues.every((queue) => queue.length === 0)
    return chain.positions().every(({ split, position }) => {
      const [topic = '', partition = ''] = split.split('/')
      return position === this.#records(topic, Number(partition)).length
    })
  }

  async #wait(ms: number): Promise<void> {
    await this.clock.advance(ms)
    for (const { chain, hasEnded } of this.#members) {
      while (!hasEnded && chain.fireTimers(this.clock.wallTime()));
    }
  }

  #records(topic: string, partition: number): readonly { readonly value: Row }[] {
    return this.#input.topics.find((each) => each.topic === topic)?.partitions[partition]?.records ?? []
  }

  #splitsOf(source: OperatorId): readonly SplitPosition[] {
    const node = this.#graph.vertices.flatMap(({ nodes }) => nodes).find(({ id }) => id === source)
    assert(node?.operator.kind === 'source', 'a source is one')
    const topic = String(node.operator.source.options['topic'])
    const partitions = this.#input.topics.find((each) => each.topic === topic)?.partitions ?? []
    return partitions.map((_, owner) => ({ split: `${topic}/${owner}`, owner, position: 0 }))
  }

  #connectors(): Connectors {
    const source = {
      enumerator: () => {
        throw new Error('not here')
      },
      reader: (spec: SourceSpec, ctx: SourceContext) => this.#reader(spec, ctx),
    }
    const sink = { writer: (spec: SinkSpec, _: SinkContext) => this.#writer(spec) }
    return new Connectors({ kafka: source }, { postgres: sink })
  }

  #reader({ options, functions }: SourceSpec, ctx: SourceContext): SourceReader {
    const positions = new Map<string, SplitPosition>()
    const recordOf = functions['record'] as (value: unknown) => unknown
    const nextOf = ({ split, position }: SplitPosition, count: number) => {
      const [topic = '', partition = ''] = split.split('/')
      return this.#records(topic, Number(partition)).slice(Number(position), Number(position) + count)
    }
    return {
      addSplits: (splits) => {
        for (const each of splits) positions.set(each.split, each)
      },
      poll: () => {
        const waiting = [...positions.values()].filter((each) => nextOf(each, 1).length > 0)
        const chosen = waiting[this.#dice.index(waiting)]
        if (chosen === undefined) return options['bounded'] === true ? 'end' : 'idle'
        const records = nextOf(chosen, this.#dice.between(1, 8))
        for (const { value } of records) ctx.emit(frozen(recordOf(structuredClone(value))))
        positions.set(chosen.split, { ...chosen, position: Number(chosen.position) + records.length })
        return 'more'
      },
      positions: () => [...positions.values()],
      close: async () => {},
    }
  }

  #writer({ options, keyFields }: SinkSpec): SinkWriter {
    const table: Table = this.#tables.get(String(options['table'])) ?? new Map()
    this.#tables.set(String(options['table']), table)
    return {
      open: async () => {},
      write: (records) => {
        for (const record of records as readonly Record<string, unknown>[]) {
          table.set(keyFields === undefined ? this.#rows++ : record['key'], record)
        }
      },
      isReady: () => true,
      capture: () => ({ slice: () => true, upload: async () => ({}) }),
      onCheckpointComplete: () => {},
      drain: async () => {},
      close: async () => {},
    }
  }
}
