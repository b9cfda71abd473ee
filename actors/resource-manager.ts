import type { Actor, ActorContext, ActorRef, Answer, Asks, ExitReason, ReplyTo } from '#src/actor/actor.js'
import { ClockSkew, clocksDiffer } from '#src/cluster/clock-skew.js'
import { Membership, nameTaken } from '#src/cluster/membership.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { placeSlots } from '#src/cluster/placement.js'
import { refusalOf } from '#src/cluster/protocol.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, Epoch, NodeId, RunId, SlotIndex, SubtaskIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { NodeRole, NodeStatus } from './cluster-view.js'
import type { EvacuateNode } from './job-master.js'
import type { AreYouThere, CloseSlot, TaskManagerMessage } from './task-manager.js'

/** What a task manager says of itself, again and again: all of it each time, so that a lost word costs nothing. */
export interface Heartbeat {
  readonly info: NodeInfo
  readonly taskManager: ActorRef<TaskManagerMessage>
  readonly slots: number
  /** Those that an attempt has, whoever gave them. */
  readonly held: readonly HeldSlot[]
  readonly state: 'alive' | 'draining'
  /** Its time of day, in milliseconds since 1970. */
  readonly wallTime: number
  readonly residentBytes: number
  /** Writes of its process that a sink's fence turned away, over all its incarnations. */
  readonly fencedWrites: number
}

/** `index`: of the subtasks that run there, among those of their vertices. */
export interface HeldSlot {
  readonly slot: SlotIndex
  readonly run: RunId
  readonly attempt: Attempt
  readonly index: SubtaskIndex
}

/** `term`: of the leader who answers. */
export type HeartbeatAnswer = Verdict & { readonly term: number }

type Verdict =
  /** It belongs to the cluster. Silent for so long it is taken for dead; `warning` is about it, for people. */
  | {
      readonly kind: 'registered'
      readonly heartbeatTimeoutMs: number
      readonly warning: ErrorInfo | undefined
    }
  /** Not yet; `reason` is for people. */
  | { readonly kind: 'waiting'; readonly reason: string }
  | { readonly kind: 'evicted' }
  | { readonly kind: 'refused'; readonly error: ErrorInfo }

/** A slot given to an attempt. */
export interface SlotGrant {
  readonly node: NodeId
  readonly taskManager: ActorRef<TaskManagerMessage>
  readonly slot: SlotIndex
}

export type SlotsAnswer =
  | { readonly kind: 'granted'; readonly slots: readonly SlotGrant[] }
  /** Ask again; `reason` is for people. */
  | { readonly kind: 'waiting'; readonly reason: string }

export type ClaimAnswer =
  /** In the order of the subtasks' indices. */
  | { readonly kind: 'held'; readonly slots: readonly SlotGrant[] }
  /** Not all task managers have told yet what they hold. */
  | { readonly kind: 'waiting' }
  /** Some of them are nowhere. */
  | { readonly kind: 'missing' }

/** What the resource manager hears, and from whom. */
export type ResourceManagerMessage =
  // task managers
  | TaskManagerAlive
  | { readonly type: 'task-manager-ended'; readonly node: NodeId; readonly reason: ExitReason }
  // nodes that could lead, and stand by
  | StandbyAlive
  // job masters; all may be repeated
  | RequestSlots
  | ClaimSlots
  | ReleaseSlots
  // its own steps
  | {
      readonly type: 'namesake-asked'
      readonly node: NodeInfo
      readonly of: NodeId
      readonly asker: ReplyTo<unknown>
      readonly answer: Answer<'here'>
    }
  | { readonly type: 'told' }
  // whoever shows the cluster
  | DescribeNodes

export type TaskManagerAlive = {
  readonly type: 'heartbeat'
  readonly heartbeat: Heartbeat
} & Asks<HeartbeatAnswer>

export type StandbyAlive = {
  readonly type: 'standby'
  readonly info: NodeInfo
  readonly residentBytes: number
  readonly wallTime: number
} & Asks<HeartbeatAnswer>

export type RequestSlots = {
  readonly type: 'request-slots'
  readonly run: RunId
  readonly attempt: Attempt
  readonly count: number
  /** Hears when it is to leave a node. */
  readonly jobMaster: ActorRef<EvacuateNode>
} & Asks<SlotsAnswer>

/** Asks for the slots that an attempt was given by whoever led before. */
export type ClaimSlots = {
  readonly type: 'claim-slots'
  readonly run: RunId
  readonly attempt: Attempt
  readonly count: number
  readonly jobMaster: ActorRef<EvacuateNode>
} & Asks<ClaimAnswer>

/** Those of `attempt` and of all before it. `epoch`: of who asks. */
export type ReleaseSlots = {
  readonly type: 'release-slots'
  readonly run: RunId
  readonly attempt: Attempt
  readonly epoch: Epoch
} & Asks<'ok'>

export type DescribeNodes = { readonly type: 'describe' } & Asks<readonly NodeStatus[]>

interface Member {
  heartbeat: Heartbeat
  heardAt: number
  readonly skew: ClockSkew
  /** That its clock is wrong is told once. */
  isSkewLogged: boolean
}

/** Slots that an attempt was given here, or has claimed; in the order of its subtasks' indices. */
interface Holding extends Pick<RequestSlots, 'run' | 'attempt' | 'jobMaster'> {
  readonly slots: readonly SlotGrant[]
}

/** A slot that an attempt has of another leader: of one before, or of one that thinks that it leads. */
interface FoundSlot extends HeldSlot, SlotGrant {}

export interface ResourceManagerOptions {
  /** Of the process that it lives in. */
  readonly own: NodeInfo
  /**
   * Which leadership of the cluster it is. Terms rise: a word of a lower one than is known comes from a leader that has
   * been replaced and does not know it yet.
   */
  readonly term: number
  readonly heartbeatTimeoutMs: number
  /** After so long every task manager that lives has told what it holds. */
  readonly rejoinMs: number
  /** Of this process, now. */
  readonly residentBytes: () => number
  readonly wallTime: () => number
  readonly logger: Logger
}

/** Knows which task managers live and which of their slots are free; gives slots to attempts, all of them or none. */
export class ResourceManager implements Actor<ResourceManagerMessage> {
  readonly #options: ResourceManagerOptions
  readonly #membership: Membership
  readonly #members = new Map<NodeId, Member>()
  readonly #standbys = new Map<NodeId, { readonly word: StandbyAlive; readonly heardAt: number }>()
  #holdings: Holding[] = []
  /** Claims that cannot be answered yet, by run, and since when. */
  readonly #claims = new Map<RunId, { readonly attempt: Attempt; readonly since: number }>()
  /** What was given up, by run: a task manager that joins late may still hold it. */
  readonly #released = new Map<RunId, ReleaseSlots>()

  constructor(options: ResourceManagerOptions) {
    this.#options = options
    this.#membership = new Membership(options.own)
  }

  receive(message: ResourceManagerMessage, ctx: ActorContext<ResourceManagerMessage>): void {
    switch (message.type) {
      case 'heartbeat':
        return this.#onHeartbeat(message.heartbeat, ctx)
      case 'standby':
        return this.#onStandby(message, ctx)
      case 'namesake-asked':
        return this.#onNamesakeAsked(message, ctx)
      case 'task-manager-ended':
        return this.#onEnded(message.node, message.reason)
      case 'request-slots':
        return ctx.reply(this.#request(message))
      case 'claim-slots':
        return ctx.reply(this.#claim(message, ctx.now()))
      case 'release-slots':
        ctx.reply('ok')
        return this.#release(message, ctx)
      case 'told':
        return
      case 'describe':
        return ctx.reply(this.#describe(ctx.now()))
      default:
        assertNever(message)
    }
  }

  // Who belongs to the cluster.

  #onHeartbeat(heartbeat: Heartbeat, ctx: ActorContext<ResourceManagerMessage>): void {
    const { info, taskManager } = heartbeat
    const admission = this.#membership.onHeard(info)
    switch (admission.kind) {
      case 'evicted':
        return ctx.reply(this.#answerOf({ kind: 'evicted' }))
      case 'refused':
        return ctx.reply(this.#answerOf({ kind: 'refused', error: errorInfoOf(admission.error) }))
      case 'namesake':
        return this.#askNamesake(info, admission.of, ctx)
      case 'joined':
        this.#members.set(info.node, { heartbeat, heardAt: 0, skew: new ClockSkew(), isSkewLogged: false })
        ctx.watch(taskManager, (reason) => ({ type: 'task-manager-ended', node: info.node, reason }))
        this.#closeReleased(heartbeat, ctx)
        break
      case 'known':
        break
      default:
        assertNever(admission)
    }
    const member = this.#members.get(info.node)
    if (member !== undefined) this.#onAlive(member, heartbeat, ctx)
  }

  #onAlive(member: Member, heartbeat: Heartbeat, ctx: ActorContext<ResourceManagerMessage>): void {
    const { own, heartbeatTimeoutMs, wallTime, logger } = this.#options
    const { info, state } = heartbeat
    member.heartbeat = heartbeat
    member.heardAt = ctx.now()
    member.skew.onHeard(heartbeat.wallTime, wallTime())
    const warning = member.skew.isTooLarge
      ? errorInfoOf(clocksDiffer(info.name, own.name, member.skew.ms))
      : undefined
    if (warning !== undefined && !member.isSkewLogged) logger.warn({ error: warning }, 'clocks differ')
    member.isSkewLogged = warning !== undefined
    ctx.reply(this.#answerOf({ kind: 'registered', heartbeatTimeoutMs, warning }))
    if (state === 'draining') this.#evacuate(info.node, ctx)
  }

  #onStandby(word: StandbyAlive, ctx: ActorContext<ResourceManagerMessage>): void {
    const { own, heartbeatTimeoutMs } = this.#options
    const error = refusalOf(word.info, own)
    if (error !== undefined) return ctx.reply(this.#answerOf({ kind: 'refused', error: errorInfoOf(error) }))
    this.#standbys.set(word.info.node, { word, heardAt: ctx.now() })
    ctx.reply(this.#answerOf({ kind: 'registered', heartbeatTimeoutMs, warning: undefined }))
  }

  #answerOf(verdict: Verdict): HeartbeatAnswer {
    return { ...verdict, term: this.#options.term }
  }

  /** Whoever has the name may have crashed a moment ago: it is asked, and the new one comes again meanwhile. */
  #askNamesake(node: NodeInfo, of: NodeId, ctx: ActorContext<ResourceManagerMessage>): void {
    const { asker } = ctx
    const member = this.#members.get(of)
    if (asker === undefined || member === undefined) return
    const question: AreYouThere = { type: 'are-you-there' }
    ctx.ask(member.heartbeat.taskManager, question, { timeoutMs: LIMITS.namesakeMs }, (answer) => ({
      type: 'namesake-asked',
      node,
      of,
      asker,
      answer,
    }))
  }

  #onNamesakeAsked(
    { node, of, asker, answer }: Extract<ResourceManagerMessage, { type: 'namesake-asked' }>,
    ctx: ActorContext<ResourceManagerMessage>,
  ): void {
    const member = this.#members.get(of)
    const reply = (verdict: Verdict) => ctx.replyTo(asker, { ok: true, value: this.#answerOf(verdict) })
    if (member !== undefined && answer.ok)
      return reply({ kind: 'refused', error: errorInfoOf(nameTaken(node, member.heartbeat.info)) })
    if (!answer.ok && answer.failure.kind === 'no-responder') this.#onEnded(of, { kind: 'lost' })
    reply({
      kind: 'waiting',
      reason: `another incarnation of ${node.name} is not known to be dead yet`,
    })
  }

  #onEnded(node: NodeId, reason: ExitReason): void {
    this.#members.delete(node)
    // One whose end was told ended for good; of one that is not heard the worst is believed.
    if (reason.kind === 'lost') this.#membership.onLost(node)
    else this.#membership.onLeft(node)
  }

  /** Whoever holds slots there is told, with every heartbeat, until nobody does. */
  #evacuate(node: NodeId, ctx: ActorContext<ResourceManagerMessage>): void {
    for (const { jobMaster, slots } of this.#holdings) {
      if (slots.some((slot) => slot.node === node)) ctx.send(jobMaster, { type: 'evacuate', node })
    }
  }

  // Slots.

  #request({ run, attempt, count, jobMaster }: RequestSlots): SlotsAnswer {
    const held = this.#holdings.find((holding) => holding.run === run && holding.attempt === attempt)
    if (held?.slots.every(({ node }) => this.#members.has(node)))
      return { kind: 'granted', slots: held.slots }
    // What was granted there before it was lost is of no use to anyone.
    this.#holdings = this.#holdings.filter((holding) => holding !== held)
    const taken = this.#taken()
    const alive = [...this.#members.values()].filter(({ heartbeat }) => heartbeat.state === 'alive')
    const placed = placeSlots(
      alive.map(({ heartbeat }) => freeSlots(heartbeat, taken)),
      count,
    )
    if (placed.kind === 'waiting') return placed
    const slots = placed.slots.map(({ node, slot }) => {
      const { taskManager } = this.#members.get(node)!.heartbeat
      return { node, taskManager, slot }
    })
    this.#holdings.push({ run, attempt, slots, jobMaster })
    return { kind: 'granted', slots }
  }

  /** What was given up while it was not here is closed as it joins. */
  #closeReleased(
    { info: { node }, taskManager, held }: Heartbeat,
    ctx: ActorContext<ResourceManagerMessage>,
  ): void {
    for (const slot of held) {
      const released = this.#released.get(slot.run)
      if (released !== undefined && this.#isReleased(slot))
        this.#tellToClose({ node, taskManager, slot: slot.slot }, { ...slot, epoch: released.epoch }, ctx)
    }
  }

  /** As task managers have last told: nobody else gets them before they are claimed, released, or closed there. */
  #found(): readonly FoundSlot[] {
    const given = new Set(this.#holdings.flatMap(({ slots }) => slots.map(placeOf)))
    return [...this.#members.values()]
      .flatMap(({ heartbeat: { info, taskManager, held } }) =>
        held.map((slot): FoundSlot => ({ ...slot, node: info.node, taskManager })),
      )
      .filter((slot) => !given.has(placeOf(slot)) && !this.#isReleased(slot))
  }

  #isReleased({ run, attempt }: HeldSlot): boolean {
    return attempt <= (this.#released.get(run)?.attempt ?? 0)
  }

  #claim({ run, attempt, count, jobMaster }: ClaimSlots, now: number): ClaimAnswer {
    const held = this.#holdings.find((holding) => holding.run === run && holding.attempt === attempt)
    if (held !== undefined) {
      this.#holdings = this.#holdings.map((one) => (one === held ? { ...held, jobMaster } : one))
      return { kind: 'held', slots: held.slots }
    }
    const found = this.#found()
      .filter((slot) => slot.run === run && slot.attempt === attempt)
      .sort((a, b) => a.index - b.index)
    if (found.length === count && found.every(({ index }, position) => index === position)) {
      const slots = found.map(({ node, taskManager, slot }) => ({ node, taskManager, slot }))
      this.#holdings.push({ run, attempt, slots, jobMaster })
      this.#claims.delete(run)
      return { kind: 'held', slots }
    }
    const before = this.#claims.get(run)
    const since = before?.attempt === attempt ? before.since : now
    this.#claims.set(run, { attempt, since })
    return { kind: now - since < this.#options.rejoinMs ? 'waiting' : 'missing' }
  }

  /** A later attempt never needs them again. Their task managers are told: a job master that crashed closed none. */
  #release(release: ReleaseSlots, ctx: ActorContext<ResourceManagerMessage>): void {
    const { run, attempt, epoch } = release
    const isReleased = (one: { run: RunId; attempt: Attempt }) => one.run === run && one.attempt <= attempt
    for (const { slots, attempt: held } of this.#holdings.filter(isReleased))
      for (const grant of slots) this.#tellToClose(grant, { run, attempt: held, epoch }, ctx)
    for (const found of this.#found().filter(isReleased)) this.#tellToClose(found, { ...found, epoch }, ctx)
    this.#holdings = this.#holdings.filter((holding) => !isReleased(holding))
    this.#released.set(run, release)
    this.#claims.delete(run)
  }

  #tellToClose(
    { node, taskManager, slot }: SlotGrant,
    { run, attempt, epoch }: Pick<ReleaseSlots, 'run' | 'attempt' | 'epoch'>,
    ctx: ActorContext<ResourceManagerMessage>,
  ): void {
    if (!this.#members.has(node)) return
    const close: CloseSlot = { type: 'close-slot', slot, run, attempt, epoch }
    ctx.ask(taskManager, close, LIMITS.controlAsk, () => ({ type: 'told' }))
  }

  /** Places that somebody has. */
  #taken(): ReadonlySet<string> {
    return new Set([...this.#holdings.flatMap(({ slots }) => slots), ...this.#found()].map(placeOf))
  }

  /** The leader first, then who stands by. A process that has both roles is one node. */
  #describe(now: number): NodeStatus[] {
    for (const [node, { heardAt }] of this.#standbys)
      if (now - heardAt > LIMITS.standbySilenceMs) this.#standbys.delete(node)
    const { own, residentBytes, wallTime } = this.#options
    const leader = { ...directorStatus(own, residentBytes(), wallTime()), isLeader: true }
    const standbys = [...this.#standbys.values()].map(({ word, heardAt }): NodeStatus => {
      const { info, residentBytes, wallTime } = word
      return { ...directorStatus(info, residentBytes, wallTime), heardAgoMs: now - heardAt }
    })
    const nodes = new Map([leader, ...standbys].map((status) => [status.node, status]))
    const taken = this.#taken()
    for (const member of this.#members.values()) {
      const { node } = member.heartbeat.info
      const status = this.#workerStatus(member, taken, now)
      const director = nodes.get(node)
      nodes.set(
        node,
        director === undefined ? status : { ...status, roles: BOTH, isLeader: director.isLeader },
      )
    }
    return [...nodes.values()]
  }

  #workerStatus({ heartbeat, heardAt, skew }: Member, taken: ReadonlySet<string>, now: number): NodeStatus {
    const { info, taskManager, slots, state, fencedWrites, residentBytes } = heartbeat
    return {
      ...info,
      roles: ['task-manager'],
      isLeader: false,
      state,
      slots,
      freeSlots: freeSlots(heartbeat, taken).free.length,
      residentBytes,
      heardAgoMs: now - heardAt,
      clockSkewMs: skew.ms,
      wallTime: this.#options.wallTime() + skew.ms,
      fencedWrites,
      taskManager,
    }
  }
}

function freeSlots(
  { info: { node }, slots }: Heartbeat,
  taken: ReadonlySet<string>,
): { node: NodeId; free: SlotIndex[] } {
  const all = Array.from({ length: slots }, (_, slot) => slot as SlotIndex)
  return { node, free: all.filter((slot) => !taken.has(placeOf({ node, slot }))) }
}

function placeOf({ node, slot }: Pick<SlotGrant, 'node' | 'slot'>): string {
  return `${node} ${slot}`
}

const BOTH: readonly NodeRole[] = ['job-manager', 'task-manager']

/** Of one that could direct, or does, and runs nothing itself. */
function directorStatus(info: NodeInfo, residentBytes: number, wallTime: number): NodeStatus {
  return {
    ...info,
    roles: ['job-manager'],
    isLeader: false,
    state: 'alive',
    slots: 0,
    freeSlots: 0,
    residentBytes,
    heardAgoMs: 0,
    clockSkewMs: 0,
    wallTime,
    fencedWrites: 0,
    taskManager: undefined,
  }
}
