import { expect, test } from 'vitest'
import {
  CheckpointCoordinator,
  type CheckpointCoordinatorMessage,
  type CheckpointCoordinatorReport,
} from '#actors/checkpoint-coordinator.js'
import { SourceCoordinator, type SourceCoordinatorMessage } from '#actors/source-coordinator.js'
import type { SubtaskControlMessage, SubtaskReport } from '#actors/subtask-message.js'
import type { Actor, ActorContext, ActorRef } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import type { SplitEnumerator } from '#src/connector/source.js'
import type { CheckpointId, Epoch, SubtaskId, SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { type Random, seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import {
  attempt,
  checkpoint,
  clickCount,
  MemoryBlobs,
  operatorId,
  run,
  snapshot,
  split,
} from '../checkpoint/fixtures.js'
import { entriesOf, on } from '../cluster/fixtures.js'

const SOURCE = operatorId('clicks')

/** Loses a third of all questions that reach `actor`: whoever asked asks again. */
function lossy<M>(actor: Actor<M>, random: Random): Actor<M> {
  return {
    start: (ctx) => actor.start?.(ctx),
    stop: (reason, ctx) => actor.stop?.(reason, ctx),
    receive(message, ctx) {
      if (ctx.asker !== undefined && random.next() < 0.33) return
      actor.receive(message, ctx)
    },
  }
}

/** A source subtask, or one behind it that hears of barriers at once. */
class FakeSubtask implements Actor<SubtaskControlMessage | { type: 'told' }> {
  readonly splits: SplitPosition[] = []
  readonly completed: CheckpointId[] = []
  readonly #id: SubtaskId
  readonly #coordinator: () => ActorRef<CheckpointCoordinatorMessage>
  readonly #behind: readonly FakeSubtask[]
  #last = -1
  #ctx: ActorContext<SubtaskControlMessage | { type: 'told' }> | undefined

  constructor(
    id: string,
    coordinator: () => ActorRef<CheckpointCoordinatorMessage>,
    behind: readonly FakeSubtask[] = [],
  ) {
    this.#id = id as SubtaskId
    this.#coordinator = coordinator
    this.#behind = behind
  }

  start(ctx: ActorContext<SubtaskControlMessage | { type: 'told' }>): void {
    this.#ctx = ctx
  }

  receive(
    message: SubtaskControlMessage | { type: 'told' },
    ctx: ActorContext<SubtaskControlMessage | { type: 'told' }>,
  ): void {
    switch (message.type) {
      case 'trigger':
        ctx.reply('accepted')
        return this.barrier(message.checkpoint)
      case 'complete':
        this.completed.push(message.checkpoint)
        return ctx.reply('ok')
      case 'assign':
        for (const one of message.splits) if (!this.splits.includes(one)) this.splits.push(one)
        return ctx.reply('ok')
      case 'abort':
        return ctx.reply('ok')
      case 'told':
        return
    }
  }

  barrier(id: CheckpointId): void {
    if (id <= this.#last) return
    this.#last = id
    const [v = 0, s = 0] = this.#id.split('-').map(Number)
    const of = { checkpoint: id, subtask: this.#id, attempt: attempt(1) }
    const operators = v === 0 ? [{ operator: SOURCE, splits: [...this.splits] }] : []
    if (v === 0) this.#tell({ type: 'barrier-emitted', ...of })
    const timings = { alignmentMs: 0, captureMs: 0, uploadMs: 0 }
    this.#tell({ type: 'acknowledged', ...of, snapshot: snapshot(v, s, operators), timings })
    for (const next of this.#behind) next.barrier(id)
  }

  #tell(report: SubtaskReport): void {
    this.#ctx?.ask(this.#coordinator(), report, { timeoutMs: 600_000, repeatMs: 500 }, () => ({
      type: 'told',
    }))
  }
}

test.each([1, 2, 3, 4, 5])(
  'when a third of all words is lost (seed %i), then checkpoints complete all the same, and none lies',
  async (seed) => {
    const clock = new VirtualClock()
    const random = seededRandom(seed)
    const blobs = new MemoryBlobs()
    const system = new ActorSystem({
      id: 'here' as SystemId,
      clock,
      random,
      logger: silentLogger,
      onFailure: () => {},
    })
    let partitions = 2
    const enumerator: SplitEnumerator = {
      discoverEveryMs: 700,
      resolve: async () => [split(0), split(1)],
      discover: async (known) =>
        Array.from({ length: partitions }, (_, owner) => split(owner)).filter((one) => !known.has(one.split)),
      close: async () => {},
    }

    let history = JobHistory.of(
      entriesOf(on.submitted(), on.leads(1), on.completed(1, 0, 0), on.started(1, 1, 0)),
    )
    const jobMaster: Actor<CheckpointCoordinatorReport> = {
      receive(message, ctx) {
        if (message.type !== 'append') return
        const event = { ...message.event, epoch: 1 as Epoch } as LogEvent
        const verdict = history.propose(event, `n${history.place}`)
        if (!history.holds(event)) {
          if (verdict.kind === 'refused') return ctx.reply(verdict)
          history = history.followedBy(verdict.entry)
        }
        ctx.reply({ kind: 'logged', entry: history.last })
      },
    }
    const master = system.spawn('master', lossy(jobMaster, random))
    const source = new SourceCoordinator({
      epoch: 1 as Epoch,
      where: undefined,
      source: SOURCE,
      enumerator,
      jobMaster: { address: master.address },
      logger: silentLogger,
    })
    const sourceRef = system.spawn<SourceCoordinatorMessage>('source', lossy(source, random))
    const coordinator = new CheckpointCoordinator({
      run,
      epoch: 1 as Epoch,
      plan: clickCount(2, { intervalMs: 2_000, timeoutMs: 600_000 }),
      blobs,
      jobMaster: master,
      sources: new Map([[SOURCE, sourceRef]]),
      usedTo: checkpoint(0),
      random,
      logger: silentLogger,
      wallTime: () => clock.wallTime(),
    })
    const ref = system.spawn<CheckpointCoordinatorMessage>('checkpoints', lossy(coordinator, random))
    const sinks = ['1-0', '1-1'].map((id) => new FakeSubtask(id, () => ref))
    const sources = ['0-0', '0-1'].map(
      (id, index) => new FakeSubtask(id, () => ref, sinks.slice(index, index + 1)),
    )
    const subtasks = [...sources, ...sinks].map((subtask, index) => {
      const id = ['0-0', '0-1', '1-0', '1-1'][index] as SubtaskId
      return { id, ref: system.spawn(id, lossy(subtask, random)), source: index < 2 ? SOURCE : undefined }
    })
    system.send(sourceRef, {
      type: 'restore',
      attempt: attempt(1),
      state: { source: SOURCE, splits: [] },
    })
    system.send(sourceRef, {
      type: 'attempt-running',
      attempt: attempt(1),
      readers: subtasks.slice(0, 2).map(({ ref }) => ref),
    })
    system.send(ref, {
      type: 'attempt-started',
      attempt: attempt(1),
      subtasks,
      retained: history.state.retained,
    })
    system.send(ref, { type: 'attempt-running', attempt: attempt(1), goesOn: false })

    for (let round = 0; round < 30; round++) {
      partitions++
      await clock.advance(3_000)
      const newest = history.latest
      if (newest === undefined) throw new Error('nothing is retained')
      if (newest.checkpoint === 0) continue
      const manifest = decodeManifest(await blobs.get(newest.manifest), 'manifest')
      const known = manifest.sources.flatMap(({ splits }) => splits.map((one) => one.split))
      const read = manifest.subtasks.flatMap(({ operators }) =>
        operators.flatMap((one) => (one.splits ?? []).map((s) => s.split)),
      )
      expect(read.toSorted(), 'a split is with coordinator and reader, or with neither').toEqual(
        known.toSorted(),
      )
    }
    expect(history.latest?.checkpoint).toBeGreaterThan(5)
    // The release of the oldest may be under way.
    expect(history.state.retained.length).toBeOneOf([3, 4])
    for (const subtask of [...sources, ...sinks]) expect(subtask.completed.at(-1)).toBeGreaterThan(4)
    expect(sources.flatMap(({ splits }) => splits).length).toBeGreaterThan(20)
    const stopped = system.stop()
    await clock.settle()
    await stopped
  },
)
