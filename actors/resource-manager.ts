import type { Actor, ActorContext, ActorRef, Answer, Asks, ExitReason, ReplyTo } from '#src/actor/actor.js'
import { ClockSkew, clocksDiffer } from '#src/cluster/clock-skew.js'
import { Membership, nameTaken } from '#src/cluster/membership.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { placeSlots } from '#src/cluster/placement.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import type { Attempt, NodeId, RunId, SlotIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { NodeStatus } from './cluster-view.js'
import type { EvacuateNode } from './job-master.js'
import type { AreYouThere, CloseSlot, TaskManagerMessage } from './task-manager.js'

/** What a task manager says of itself, again and again: all of it each time, so that a lost word costs nothing. */
export interface Heartbeat {
  readonly info: NodeInfo
  readonly taskManager: ActorRef<TaskManagerMessage>
  readonly slots: number
  readonly state: 'alive' | 'draining'
  /** Its time of day, in milliseconds since 1970. */
  readonly wallTime: number
  readonly residentBytes: number
  /** Writes of its process that a sink's fence turned away, over all its incarnations. */
  readonly fencedWrites: number
}

export type HeartbeatAnswer =
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

/** What the resource manager hears, and from whom. */
export type ResourceManagerMessage =
  // task managers
  | TaskManagerAlive
  | { readonly type: 'task-manager-ended'; readonly node: NodeId; readonly reason: ExitReason }
  // job masters; all three may be repeated
  | RequestSlots
  | ({ readonly type: 'release-slots'; readonly run: RunId; readonly attempt: Attempt } & Asks<'ok'>)
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

export type RequestSlots = {
  readonly type: 'request-slots'
  readonly run: RunId
  readonly attempt: Attempt
  readonly count: number
  /** Hears when it is to leave a node. */
  readonly jobMaster: ActorRef<EvacuateNode>
} & Asks<SlotsAnswer>

export type DescribeNodes = { readonly type: 'describe' } & Asks<readonly NodeStatus[]>

interface Member {
  heartbeat: Heartbeat
  heardAt: number
  readonly skew: ClockSkew
  /** That its clock is wrong is told once. */
  isSkewLogged: boolean
}

interface Holding extends Pick<RequestSlots, 'run' | 'attempt' | 'jobMaster'> {
  readonly slots: readonly SlotGrant[]
}

export interface ResourceManagerOptions {
  /** Of the process that it lives in. */
  readonly own: NodeInfo
  readonly heartbeatTimeoutMs: number
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
  #holdings: Holding[] = []

  constructor(options: ResourceManagerOptions) {
    this.#options = options
    this.#membership = new Membership(options.own)
  }

  receive(message: ResourceManagerMessage, ctx: ActorContext<ResourceManagerMessage>): void {
    switch (message.type) {
      case 'heartbeat':
        return this.#onHeartbeat(message.heartbeat, ctx)
      case 'namesake-asked':
        return this.#onNamesakeAsked(message, ctx)
      case 'task-manager-ended':
        return this.#onEnded(message.node, message.reason)
      case 'request-slots':
        return ctx.reply(this.#request(message))
      case 'release-slots':
        ctx.reply('ok')
        return this.#release(message.run, message.attempt, ctx)
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
        return ctx.reply<HeartbeatAnswer>({ kind: 'evicted' })
      case 'refused':
        return ctx.reply<HeartbeatAnswer>({ kind: 'refused', error: errorInfoOf(admission.error) })
      case 'namesake':
        return this.#askNamesake(info, admission.of, ctx)
      case 'joined':
        this.#members.set(info.node, { heartbeat, heardAt: 0, skew: new ClockSkew(), isSkewLogged: false })
        ctx.watch(taskManager, (reason) => ({ type: 'task-manager-ended', node: info.node, reason }))
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
    ctx.reply<HeartbeatAnswer>({ kind: 'registered', heartbeatTimeoutMs, warning })
    if (state === 'draining') this.#evacuate(info.node, ctx)
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
    const reply = (value: HeartbeatAnswer) => ctx.replyTo(asker, { ok: true, value })
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
    const placed = placeSlots(
      [...this.#members.values()].flatMap(({ heartbeat }) =>
        heartbeat.state === 'alive' ? [this.#free(heartbeat)] : [],
      ),
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

  /**
   * Takes back the slots of `attempt` and of all before it: a later attempt never needs them again. Their task managers
   * are told, because a job master that crashed closed none of them.
   */
  #release(run: RunId, attempt: Attempt, ctx: ActorContext<ResourceManagerMessage>): void {
    const isReleased = (holding: Holding) => holding.run === run && holding.attempt <= attempt
    for (const { slots, attempt: held } of this.#holdings.filter(isReleased)) {
      for (const { node, taskManager, slot } of slots) {
        if (!this.#members.has(node)) continue
        const close: CloseSlot = { type: 'close-slot', slot, run, attempt: held }
        ctx.ask(taskManager, close, LIMITS.controlAsk, () => ({ type: 'told' }))
      }
    }
    this.#holdings = this.#holdings.filter((holding) => !isReleased(holding))
  }

  #free({ info, slots }: Heartbeat): { node: NodeId; free: SlotIndex[] } {
    const held = new Set<number>()
    for (const holding of this.#holdings)
      for (const { node, slot } of holding.slots) if (node === info.node) held.add(slot)
    const free: SlotIndex[] = []
    for (let slot = 0; slot < slots; slot++) if (!held.has(slot)) free.push(slot as SlotIndex)
    return { node: info.node, free }
  }

  /** The leader first. A process that is both is one node. */
  #describe(now: number): NodeStatus[] {
    const { own, residentBytes, wallTime } = this.#options
    const taskManagers = [...this.#members.values()].map((member): NodeStatus => {
      const { info, taskManager, slots, state, fencedWrites } = member.heartbeat
      return {
        ...info,
        roles: info.node === own.node ? ['job-manager', 'task-manager'] : ['task-manager'],
        state,
        slots,
        freeSlots: this.#free(member.heartbeat).free.length,
        residentBytes: member.heartbeat.residentBytes,
        heardAgoMs: now - member.heardAt,
        clockSkewMs: member.skew.ms,
        wallTime: wallTime() + member.skew.ms,
        fencedWrites,
        taskManager,
      }
    })
    const leader = taskManagers.filter(({ node }) => node === own.node)
    const others = taskManagers.filter(({ node }) => node !== own.node)
    if (leader.length > 0) return [...leader, ...others]
    const alone: NodeStatus = {
      ...own,
      roles: ['job-manager'],
      state: 'alive',
      slots: 0,
      freeSlots: 0,
      residentBytes: residentBytes(),
      heardAgoMs: 0,
      clockSkewMs: 0,
      wallTime: wallTime(),
      fencedWrites: 0,
      taskManager: undefined,
    }
    return [alone, ...others]
  }
}
