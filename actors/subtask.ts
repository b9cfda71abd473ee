import type { Actor, ActorContext, DataLane, Outcome } from '#src/actor/actor.js'
import { Inbox } from '#src/channel/inbox.js'
import { Outbox, type OutboxEdge } from '#src/channel/outbox.js'
import type { SnapshotTimings } from '#src/checkpoint/checkpoint-record.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { type ChannelIndex, type CheckpointId, type Epoch, type SubtaskId, subtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Chain, Output } from '#src/operator/chain.js'
import type { ChainCapture } from '#src/operator/chain-capture.js'
import type { Frame } from '#src/record/element.js'
import type { PartStore, SplitPosition, SubtaskSnapshot } from '#src/state/snapshot.js'
import type { Direction } from './direction.js'
import type { SubtaskDeployment } from './subtask-deployment.js'
import type { AdoptSubtask, SubtaskControlMessage, SubtaskStanding } from './subtask-message.js'

/** What a subtask hears beside the frames of its data lane, and from whom. */
export type SubtaskMessage =
  // the coordinators
  | SubtaskControlMessage
  // its slot
  | { readonly type: 'cancel' }
  // downstream subtasks, beside the data so that data cannot hold it up
  | { readonly type: 'grant'; readonly frame: Frame }
  // its own
  | { readonly type: 'opened'; readonly outcome: Outcome<void> }
  | { readonly type: 'tick' }
  | { readonly type: 'timers-due' }
  | { readonly type: 'report' }
  | { readonly type: 'room'; readonly checkpoint: CheckpointId }
  | {
      readonly type: 'uploaded'
      readonly checkpoint: CheckpointId
      readonly outcome: Outcome<SubtaskSnapshot>
    }
  | { readonly type: 'drained'; readonly outcome: Outcome<void> }
  | { readonly type: 'closed'; readonly finished: boolean }
  | { readonly type: 'finish-told'; readonly isHeard: boolean }
  | { readonly type: 'told' }

/**
 * Where a subtask is in its life.
 *
 *     opening      restoring state, opening its connections; takes no input
 *     connecting   open, but not every receiver has answered
 *     running      takes input
 *     ended        all inputs have ended and every end hook has run; goes on passing barriers
 *     draining     a checkpoint taken after the end is complete; waits for its sink to have confirmed everything
 *     finished     lets go, and tells so until somebody has heard it
 *     closing      lets go; takes nothing any more
 */
type Phase = 'opening' | 'connecting' | 'running' | 'ended' | 'draining' | 'finished' | 'closing'

/** A snapshot on its way: encoded in slices between turns, then uploaded, then acknowledged. */
interface Snapshot {
  readonly checkpoint: CheckpointId
  readonly capture: ChainCapture
  readonly capturedAt: number
  readonly timings: { alignmentMs: number; captureMs: number }
  /** 'waiting': its store is behind. */
  state: 'encoding' | 'waiting' | 'encoded'
}

export interface SubtaskOptions {
  /** Of its vertex: the operators of its chain. */
  readonly name: string
  readonly deployment: SubtaskDeployment
  readonly mode: 'exactly-once' | 'at-least-once'
  readonly maxConcurrent: number
  readonly bufferTimeoutMs: number
  /** Of the edges that leave its vertex, in the order of `deployment.outputs`. */
  readonly edges: readonly Pick<OutboxEdge, 'partitioner' | 'maxParallelism' | 'where'>[]
  /** Builds its chain. */
  readonly chainOf: (surroundings: ChainSurroundings) => Chain
  /** Where the parts of its snapshot of `checkpoint` go. */
  readonly blobsOf: (checkpoint: CheckpointId) => PartStore
  /** How many records its source has passed over by policy. */
  readonly recordsSkipped: () => number
  readonly now: () => number
  readonly wallTime: () => number
}

/** What a chain needs of its subtask. `ready` and `fail` may be called at any time. */
export interface ChainSurroundings {
  /** One for each edge that leaves the vertex. */
  readonly outputs: readonly Output[]
  ready(): void
  fail(error: unknown): void
}

/** Numbers that a subtask tells its job master every second; counts since its start. */
export interface SubtaskMetrics {
  readonly recordsIn: number
  readonly recordsOut: number
  /** Bad records that its source passed over by policy. */
  readonly recordsSkipped: number
  readonly bytesOut: number
  /** Milliseconds in which it had input but no credit, or a sink that was not ready. */
  readonly backpressuredMs: number
  readonly busyMs: number
}

/**
 * Runs one chain: inbox → chain → outbox, with its coordinators' words between two batches. It chooses input only when
 * every output has credit and its sink is ready; meanwhile its control lane goes on. That is backpressure.
 */
export class Subtask implements Actor<SubtaskMessage>, DataLane {
  readonly data: DataLane = this
  readonly #options: SubtaskOptions
  readonly #id: SubtaskId
  readonly #inbox: Inbox
  readonly #snapshots: Snapshot[] = []
  #outbox!: Outbox
  #chain!: Chain
  #ctx!: ActorContext<SubtaskMessage>
  #direction: Direction
  #phase: Phase = 'opening'
  #isStarted = false
  /** A source that had nothing to poll; wakes by `ready`. */
  #idle = false
  #timersDue = false
  /** Slices of a snapshot and input take turns: after a slice, input has a turn at least, and as much time. */
  #slicedLast = false
  #owedToInputMs = 0
  #lastCheckpoint = 0 as CheckpointId
  #held = { since: undefined as number | undefined, totalMs: 0 }
  #busyMs = 0

  constructor(options: SubtaskOptions) {
    this.#options = options
    const { deployment, mode, maxConcurrent } = options
    this.#direction = deployment.direction
    this.#id = subtaskId(deployment.vertex, deployment.subtask)
    this.#inbox = new Inbox({
      attempt: deployment.attempt,
      channels: deployment.inputs.map(({ outputChannel }) => ({ outputIndex: outputChannel })),
      mode,
      maxConcurrent,
      now: options.now,
      grant: (channel, frame) => this.#grant(channel, frame),
      where: this.#id,
    })
  }

  start(ctx: ActorContext<SubtaskMessage>): void {
    this.#ctx = ctx
    this.#isStarted = true
    this.#outbox = this.#connect(ctx)
    this.#chain = this.#options.chainOf({
      outputs: this.#options.deployment.outputs.map(
        (_, edge) => (records) => this.#outbox.emitTo(edge, records),
      ),
      ready: () => {
        this.#idle = false
        ctx.wake()
      },
      fail: (error) => ctx.fail(error),
    })
    ctx.pipeToSelf(this.#chain.open(), (outcome) => ({ type: 'opened', outcome }))
    this.#tick()
    this.#report()
  }

  describe(): string {
    return this.#options.name
  }

  receive(message: SubtaskMessage, ctx: ActorContext<SubtaskMessage>): void {
    switch (message.type) {
      case 'trigger':
        if (this.#isReplaced(message.epoch)) return ctx.reply('not-running')
        return ctx.reply(this.#onTrigger(message.checkpoint, message.aborted))
      case 'complete':
        if (!this.#isReplaced(message.epoch)) this.#onComplete(message.checkpoint, message.final)
        return ctx.reply('ok')
      case 'abort':
        if (!this.#isReplaced(message.epoch)) this.#abort(message.checkpoint)
        return ctx.reply('ok')
      case 'assign':
        if (!this.#isReplaced(message.epoch)) this.#assign(message.splits)
        return ctx.reply('ok')
      case 'adopt':
        return this.#adopt(message)
      case 'cancel':
        return this.#close()
      case 'grant':
        this.#outbox.onGrant(message.frame)
        return this.#runIfConnected()
      case 'opened':
        return this.#onOpened(message.outcome)
      case 'tick':
        return this.#tick()
      case 'timers-due':
        this.#timersDue = true
        return
      case 'report':
        return this.#report()
      case 'room':
        return this.#onRoom(message.checkpoint)
      case 'uploaded':
        return this.#onUploaded(message.checkpoint, message.outcome)
      case 'drained':
        if (!message.outcome.ok) return ctx.fail(message.outcome.error)
        return this.#close({ finished: true })
      case 'closed':
        return message.finished ? this.#tellFinished() : ctx.exit()
      case 'finish-told':
        // Who directs has ended, or does not answer: whoever adopts it asks, and until then this is told again.
        return message.isHeard ? ctx.exit() : this.#tellFinished()
      case 'told':
        return
      default:
        assertNever(message)
    }
  }

  stop(): void {
    if (!this.#isClosing()) void this.#chain.close().catch(() => {})
    this.#phase = 'closing'
  }

  // Who directs.

  /** Whoever speaks under `epoch` leads no more. */
  #isReplaced(epoch: Epoch): boolean {
    return epoch < this.#direction.epoch
  }

  #adopt({ direction, settled }: AdoptSubtask): void {
    if (this.#isReplaced(direction.epoch)) return
    this.#direction = direction
    this.#inbox.settle(settled)
    this.#outbox.settle(settled)
    const undecided = this.#snapshots.filter(({ checkpoint }) => checkpoint <= settled)
    for (const { checkpoint } of undecided) this.#abandon(checkpoint)
    this.#ctx.reply<SubtaskStanding>({
      subtask: this.#id,
      state: this.#stateNow(),
      ended: this.#phase === 'ended' || this.#phase === 'draining' || this.#phase === 'finished',
      final: this.#phase === 'draining' || this.#phase === 'finished',
      splits: this.#splitsNow(),
    })
  }

  #stateNow(): 'INITIALIZING' | 'RUNNING' | 'FINISHED' {
    if (this.#phase === 'opening' || this.#phase === 'connecting') return 'INITIALIZING'
    return this.#phase === 'finished' ? 'FINISHED' : 'RUNNING'
  }

  #splitsNow(): readonly SplitPosition[] {
    if (!this.#chain.isSource || this.#isClosing()) return []
    return this.#phase === 'opening' ? this.#options.deployment.splits : this.#chain.positions()
  }

  // The data lane.

  deliver(frame: unknown): void {
    // Before its start nothing but hellos can arrive, and those are repeated.
    if (!this.#isStarted) return
    this.#inbox.deliver(frame as Frame | Uint8Array)
  }

  isReady(): boolean {
    return this.#hasSlice() || (this.#takesInput() && this.#hasInput())
  }

  turn(): void {
    const startedAt = this.#ctx.now()
    const slices = this.#hasSlice() && !(this.#isInputsTurn() && this.#takesInput() && this.#hasInput())
    if (slices) this.#slice()
    else this.#takeInput()
    const endedAt = this.#ctx.now()
    this.#slicedLast = slices
    this.#owedToInputMs = slices ? endedAt - startedAt : this.#owedToInputMs - (endedAt - startedAt)
    this.#busyMs += endedAt - startedAt
    this.#watchBackpressure(endedAt)
    this.#scheduleTick(this.#outbox.tick(endedAt))
  }

  #isInputsTurn(): boolean {
    return this.#slicedLast || this.#owedToInputMs > 0
  }

  #takesInput(): boolean {
    return (
      (this.#phase === 'running' || this.#phase === 'ended') &&
      this.#outbox.hasCredit() &&
      this.#chain.isReady()
    )
  }

  #hasInput(): boolean {
    if (this.#timersDue) return true
    return this.#chain.isSource ? this.#phase === 'running' && !this.#idle : this.#inbox.isReady()
  }

  #takeInput(): void {
    if (this.#timersDue) this.#fireTimers()
    else if (this.#chain.isSource) this.#poll()
    else this.#takeFromInbox()
  }

  #poll(): void {
    const polled = this.#chain.poll()
    this.#scheduleTimers()
    if (polled === 'idle') this.#idle = true
    if (polled !== 'end') return
    if (this.#options.deployment.allSplitsKnown) this.#end()
    else this.#idle = true
  }

  #assign(splits: readonly SplitPosition[]): void {
    this.#chain.addSplits(splits)
    this.#idle = false
  }

  #takeFromInbox(): void {
    const event = this.#inbox.next()
    if (event === undefined) return
    switch (event.kind) {
      case 'records':
        this.#chain.process(event.records)
        return this.#scheduleTimers()
      case 'barrier':
        return this.#takeSnapshot(event.checkpoint, event.aborted)
      case 'ended':
        return this.#end()
      default:
        assertNever(event)
    }
  }

  // The end.

  #end(): void {
    assert(this.#phase === 'running', 'inputs end once', { phase: this.#phase })
    this.#chain.finish()
    this.#outbox.endOfInput()
    this.#phase = 'ended'
    const { attempt } = this.#options.deployment
    const ended = { type: 'ended', subtask: this.#id, attempt } as const
    this.#ctx.ask(this.#direction.coordinator, ended, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  // Snapshots.

  #onTrigger(checkpoint: CheckpointId, aborted: readonly CheckpointId[]): 'accepted' | 'not-running' {
    if (this.#phase !== 'running' && this.#phase !== 'ended') return 'not-running'
    assert(this.#chain.isSource, 'only sources are triggered', { subtask: this.#id })
    this.#takeSnapshot(checkpoint, aborted)
    return 'accepted'
  }

  #takeSnapshot(checkpoint: CheckpointId, aborted: readonly CheckpointId[]): void {
    this.#outbox.dropAborted(aborted)
    if (checkpoint <= this.#lastCheckpoint) return
    this.#lastCheckpoint = checkpoint
    const startedAt = this.#ctx.now()
    const capture = this.#chain.capture(checkpoint, this.#options.blobsOf(checkpoint))
    this.#outbox.broadcastBarrier({ kind: 'barrier', checkpoint, aborted })
    const capturedAt = this.#ctx.now()
    const timings = {
      alignmentMs: this.#chain.isSource ? 0 : this.#inbox.alignmentMs,
      captureMs: capturedAt - startedAt,
    }
    this.#snapshots.push({ checkpoint, capture, capturedAt, timings, state: 'encoding' })
    if (!this.#chain.isSource) return
    const { attempt } = this.#options.deployment
    const emitted = { type: 'barrier-emitted', checkpoint, subtask: this.#id, attempt } as const
    this.#ctx.ask(this.#direction.coordinator, emitted, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  /** Its coordinator has given `checkpoint` up: what is not uploaded yet need not be. */
  #abort(checkpoint: CheckpointId): void {
    this.#inbox.abort(checkpoint)
    this.#outbox.dropAborted([checkpoint])
    this.#abandon(checkpoint)
  }

  /** What is not encoded of its snapshot need not be. */
  #abandon(checkpoint: CheckpointId): void {
    const index = this.#snapshots.findIndex(
      (snapshot) => snapshot.checkpoint === checkpoint && snapshot.state !== 'encoded',
    )
    const [given] = index < 0 ? [] : this.#snapshots.splice(index, 1)
    given?.capture.abandon()
  }

  #hasSlice(): boolean {
    return this.#unencoded()?.state === 'encoding'
  }

  /** The oldest one that is not encoded: the others wait for it. */
  #unencoded(): Snapshot | undefined {
    return this.#snapshots.find(({ state }) => state !== 'encoded')
  }

  #slice(): void {
    const snapshot = this.#unencoded()
    if (snapshot === undefined) return
    const { checkpoint, capture } = snapshot
    if (!capture.slice()) return this.#awaitRoom(snapshot)
    snapshot.state = 'encoded'
    const upload = capture.upload()
    this.#ctx.pipeToSelf(upload, (outcome) => ({ type: 'uploaded', checkpoint, outcome }))
  }

  #awaitRoom(snapshot: Snapshot): void {
    const { checkpoint, capture } = snapshot
    const room = capture.room()
    if (room === undefined) return
    snapshot.state = 'waiting'
    this.#ctx.pipeToSelf(room, () => ({ type: 'room', checkpoint }))
  }

  #onRoom(checkpoint: CheckpointId): void {
    const snapshot = this.#snapshots.find((each) => each.checkpoint === checkpoint)
    if (snapshot?.state === 'waiting') snapshot.state = 'encoding'
  }

  #onUploaded(checkpoint: CheckpointId, outcome: Outcome<SubtaskSnapshot>): void {
    const index = this.#snapshots.findIndex((snapshot) => snapshot.checkpoint === checkpoint)
    const [snapshot] = this.#snapshots.splice(index, 1)
    assert(snapshot !== undefined, 'only what is under way is uploaded', { checkpoint })
    const { coordinator } = this.#direction
    const { attempt } = this.#options.deployment
    const told = () => ({ type: 'told' }) as const
    if (!outcome.ok) {
      const reason = errorInfoOf(outcome.error)
      const declined = { type: 'declined', checkpoint, subtask: this.#id, attempt, reason } as const
      return this.#ctx.ask(coordinator, declined, LIMITS.controlAsk, told)
    }
    const timings: SnapshotTimings = { ...snapshot.timings, uploadMs: this.#ctx.now() - snapshot.capturedAt }
    const acknowledged = {
      type: 'acknowledged',
      checkpoint,
      subtask: this.#id,
      attempt,
      snapshot: outcome.value,
      timings,
    } as const
    this.#ctx.ask(coordinator, acknowledged, LIMITS.controlAsk, told)
  }

  /** @param final all that was snapshot had ended: no barrier comes after it */
  #onComplete(checkpoint: CheckpointId, final: boolean): void {
    if (this.#phase === 'opening' || this.#isClosing()) return
    this.#chain.onCheckpointComplete(checkpoint)
    if (!final || this.#phase !== 'ended') return
    this.#phase = 'draining'
    this.#ctx.pipeToSelf(this.#chain.drain(), (outcome) => ({ type: 'drained', outcome }))
  }

  // Life.

  #onOpened(outcome: Outcome<void>): void {
    if (this.#phase !== 'opening') return
    if (!outcome.ok) return this.#ctx.fail(outcome.error)
    const splits = this.#options.deployment.splits
    if (this.#chain.isSource) this.#chain.addSplits(splits)
    this.#phase = 'connecting'
    this.#runIfConnected()
  }

  #runIfConnected(): void {
    if (this.#phase !== 'connecting' || !this.#outbox.isOpen()) return
    this.#phase = 'running'
    this.#scheduleTimers()
    const { attempt } = this.#options.deployment
    const change = { type: 'subtask-changed', subtask: this.#id, attempt, state: 'RUNNING' } as const
    this.#ctx.ask(this.#direction.jobMaster, change, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  #tellFinished(): void {
    const { attempt } = this.#options.deployment
    const change = { type: 'subtask-changed', subtask: this.#id, attempt, state: 'FINISHED' } as const
    this.#ctx.ask(this.#direction.jobMaster, change, LIMITS.controlAsk, ({ ok }) => ({
      type: 'finish-told',
      isHeard: ok,
    }))
  }

  #isClosing(): boolean {
    return this.#phase === 'finished' || this.#phase === 'closing'
  }

  /** Lets go of connections and state; one that has drained then tells that it has finished. */
  #close({ finished } = { finished: false }): void {
    if (this.#phase === 'closing') return
    if (this.#phase === 'finished') return this.#ctx.exit()
    this.#phase = finished ? 'finished' : 'closing'
    this.#sendMetrics() // the last word: what it counted since its last report would be lost
    this.#ctx.cancel('tick')
    this.#ctx.pipeToSelf(this.#chain.close(), () => ({ type: 'closed', finished }))
  }

  // Time.

  #tick(): void {
    if (this.#isClosing()) return
    this.#scheduleTick(this.#outbox.tick(this.#ctx.now()))
  }

  #scheduleTick(delayMs: number): void {
    this.#ctx.after('tick', delayMs, { type: 'tick' })
  }

  #scheduleTimers(): void {
    const at = this.#chain.nextTimerAt()
    if (at === undefined) return
    this.#ctx.after('timers', Math.max(0, at - this.#options.wallTime()), { type: 'timers-due' })
  }

  #fireTimers(): void {
    this.#timersDue = this.#chain.fireTimers(this.#options.wallTime())
    if (!this.#timersDue) this.#scheduleTimers()
  }

  #watchBackpressure(now: number): void {
    const holds = this.#phase === 'running' && !this.#takesInput()
    if (holds) this.#held.since ??= now
    else if (this.#held.since !== undefined) {
      this.#held.totalMs += now - this.#held.since
      this.#held.since = undefined
    }
  }

  #report(): void {
    this.#sendMetrics()
    this.#ctx.after('report', LIMITS.reportMs, { type: 'report' })
  }

  #sendMetrics(): void {
    const { attempt } = this.#options.deployment
    const now = this.#ctx.now()
    const metrics: SubtaskMetrics = {
      recordsIn: this.#chain.isSource ? this.#chain.recordsPolled : this.#inbox.counters.recordsIn,
      recordsOut: this.#outbox.counters.recordsOut,
      recordsSkipped: this.#options.recordsSkipped(),
      bytesOut: this.#outbox.counters.bytesOut,
      backpressuredMs: this.#held.totalMs + (this.#held.since === undefined ? 0 : now - this.#held.since),
      busyMs: this.#busyMs,
    }
    this.#ctx.send(this.#direction.jobMaster, { type: 'metrics', subtask: this.#id, attempt, metrics })
  }

  // Channels.

  #connect(ctx: ActorContext<SubtaskMessage>): Outbox {
    const { deployment, bufferTimeoutMs, maxConcurrent, edges } = this.#options
    return new Outbox({
      attempt: deployment.attempt,
      subtask: deployment.subtask,
      bufferTimeoutMs,
      maxConcurrent,
      where: this.#id,
      edges: deployment.outputs.map(({ channels }, index) => ({
        ...edges[index]!,
        channels: channels.map(({ receiver, inputChannel }) => ({
          inputIndex: inputChannel,
          byReference: ctx.carriesByReference(receiver),
          send: (frame) => ctx.sendFrame(receiver, frame),
        })),
      })),
    })
  }

  #grant(channel: ChannelIndex, frame: Frame): void {
    const { sender } = this.#options.deployment.inputs[channel]!
    this.#ctx.send<SubtaskMessage>({ address: sender }, { type: 'grant', frame })
  }
}
