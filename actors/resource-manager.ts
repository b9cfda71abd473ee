import type { Actor, ActorContext, ActorRef, Asks, ExitReason } from '#src/actor/actor.js'
import { placeSlots } from '#src/cluster/placement.js'
import { assertNever } from '#src/kit/assert.js'
import type { Attempt, NodeId, RunId, SlotIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { CloseSlot, TaskManagerMessage } from './task-manager.js'

/** What a task manager says of itself when it registers. */
export interface TaskManagerInfo {
  readonly node: NodeId
  readonly taskManager: ActorRef<TaskManagerMessage>
  readonly slots: number
  readonly cpus: number
  readonly memoryBytes: number
}

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
  | ({ readonly type: 'register'; readonly info: TaskManagerInfo } & Asks<'ok'>)
  | { readonly type: 'task-manager-ended'; readonly node: NodeId; readonly reason: ExitReason }
  // job masters; all three may be repeated
  | ({
      readonly type: 'request-slots'
      readonly run: RunId
      readonly attempt: Attempt
      readonly count: number
    } & Asks<SlotsAnswer>)
  | ({ readonly type: 'release-slots'; readonly run: RunId; readonly attempt: Attempt } & Asks<'ok'>)
  | { readonly type: 'told' }
  // whoever shows the cluster
  | DescribeSlots

export type DescribeSlots = { readonly type: 'describe' } & Asks<readonly TaskManagerStatus[]>

export interface TaskManagerStatus extends Omit<TaskManagerInfo, 'taskManager'> {
  readonly freeSlots: number
}

interface Holding {
  readonly run: RunId
  readonly attempt: Attempt
  readonly slots: readonly SlotGrant[]
}

/** Knows which task managers live and which of their slots are free; gives slots to attempts, all of them or none. */
export class ResourceManager implements Actor<ResourceManagerMessage> {
  readonly #taskManagers = new Map<NodeId, TaskManagerInfo>()
  #holdings: Holding[] = []

  receive(message: ResourceManagerMessage, ctx: ActorContext<ResourceManagerMessage>): void {
    switch (message.type) {
      case 'register': {
        const { info } = message
        this.#taskManagers.set(info.node, info)
        ctx.watch(info.taskManager, (reason) => ({ type: 'task-manager-ended', node: info.node, reason }))
        ctx.reply('ok')
        return
      }
      case 'task-manager-ended':
        this.#taskManagers.delete(message.node)
        return
      case 'request-slots':
        ctx.reply(this.#request(message.run, message.attempt, message.count))
        return
      case 'release-slots':
        ctx.reply('ok')
        return this.#release(message.run, message.attempt, ctx)
      case 'told':
        return
      case 'describe':
        ctx.reply(this.#describe())
        return
      default:
        assertNever(message)
    }
  }

  #request(run: RunId, attempt: Attempt, count: number): SlotsAnswer {
    const held = this.#holdings.find((holding) => holding.run === run && holding.attempt === attempt)
    if (held !== undefined) return { kind: 'granted', slots: held.slots }
    const placed = placeSlots(
      [...this.#taskManagers.values()].map((info) => this.#free(info)),
      count,
    )
    if (placed.kind === 'waiting') return placed
    const slots = placed.slots.map(({ node, slot }) => {
      const { taskManager } = this.#taskManagers.get(node)!
      return { node, taskManager, slot }
    })
    this.#holdings.push({ run, attempt, slots })
    return { kind: 'granted', slots }
  }

  /**
   * Takes back the slots of `attempt` and of all before it: a later attempt never needs them again. Their task managers
   * are told, because a job master that crashed closed none of them.
   */
  #release(run: RunId, attempt: Attempt, ctx: ActorContext<ResourceManagerMessage>): void {
    const isReleased = (holding: Holding) => holding.run === run && holding.attempt <= attempt
    for (const { slots, attempt: held } of this.#holdings.filter(isReleased)) {
      for (const { taskManager, slot } of slots) {
        const close: CloseSlot = { type: 'close-slot', slot, run, attempt: held }
        ctx.ask(taskManager, close, LIMITS.controlAsk, () => ({ type: 'told' }))
      }
    }
    this.#holdings = this.#holdings.filter((holding) => !isReleased(holding))
  }

  #free(info: TaskManagerInfo): { node: NodeId; free: SlotIndex[] } {
    const held = new Set<number>()
    for (const { slots } of this.#holdings)
      for (const { node, slot } of slots) if (node === info.node) held.add(slot)
    const free: SlotIndex[] = []
    for (let slot = 0; slot < info.slots; slot++) if (!held.has(slot)) free.push(slot as SlotIndex)
    return { node: info.node, free }
  }

  #describe(): TaskManagerStatus[] {
    return [...this.#taskManagers.values()].map((info) => {
      const { node, slots, cpus, memoryBytes } = info
      return { node, slots, cpus, memoryBytes, freeSlots: this.#free(info).free.length }
    })
  }
}
