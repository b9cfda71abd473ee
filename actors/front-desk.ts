import type { Actor, ActorContext, ActorRef, Answer, Asks, ReplyTo } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { assertNever } from '#src/kit/assert.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { NodeStatus, ThreadActors } from './cluster-view.js'
import { errorOfAsk } from './job-faults.js'
import type { JobManagerMessage, ListedRun, ListRuns } from './job-manager.js'
import type { DescribeJob } from './job-master.js'
import type { JobReport } from './job-report.js'
import type { DescribeNodes, ResourceManagerMessage } from './resource-manager.js'
import { jobMasterOf } from './role-addresses.js'
import type { DescribeThreads } from './task-manager.js'

/** What the front desk hears, and from whom. */
export type FrontDeskMessage =
  // whoever may look
  | LookAtRuns
  | LookAtRun
  | LookAtNodes
  | LookAtActors
  // whom it has asked
  | { readonly type: 'told'; readonly look: number; readonly answer: Answer<unknown> }
  | { readonly type: 'nodes-told'; readonly look: number; readonly answer: Answer<readonly NodeStatus[]> }
  | { readonly type: 'threads-told'; readonly look: number; readonly answer: Answer<readonly ThreadActors[]> }

/** All runs of the store, newest first, or the one that is named. */
export type LookAtRuns = { readonly type: 'look-at-runs'; readonly run?: RunId } & Asks<readonly ListedRun[]>

/** What whoever directs the run says of it. */
export type LookAtRun = { readonly type: 'look-at-run'; readonly run: RunId } & Asks<JobReport>

/** The leading job manager first. */
export type LookAtNodes = { readonly type: 'look-at-nodes' } & Asks<readonly NodeStatus[]>

/** Of all threads of all nodes that answer. */
export type LookAtActors = { readonly type: 'look-at-actors' } & Asks<readonly ThreadActors[]>

export interface FrontDeskOptions {
  readonly jobManager: ActorRef<JobManagerMessage>
  readonly resourceManager: ActorRef<ResourceManagerMessage>
  readonly own: NodeInfo
  /** The actors of its own thread. */
  readonly tree: () => ActorSnapshot
}

/** A question that is not answered yet. */
interface Look {
  readonly asker: ReplyTo<unknown>
  /** Of one after the actors: task managers that are still to answer, and what the others have said. */
  waiting: number
  readonly threads: ThreadActors[]
}

/** Whom it asks may have to ask others, too. */
const ASK = { timeoutMs: LIMITS.describeMs * 2 }

/**
 * Where whoever may look at a cluster asks, and where nothing but looking can be asked for: a NATS user that may publish
 * to this one address sees all, and changes nothing. It knows nothing itself, and passes on what others say.
 *
 * Its visitors are not trusted. Who gets an answer is never taken from a message, and one that makes no sense ends the
 * front desk alone: its job manager opens another.
 */
export class FrontDesk implements Actor<FrontDeskMessage> {
  readonly #options: FrontDeskOptions
  readonly #looks = new Map<number, Look>()
  #lookCount = 0

  constructor(options: FrontDeskOptions) {
    this.#options = options
  }

  receive(message: FrontDeskMessage, ctx: ActorContext<FrontDeskMessage>): void {
    const { jobManager, resourceManager } = this.#options
    switch (message.type) {
      case 'look-at-runs': {
        const { run } = message
        const list: ListRuns = { type: 'list-runs', ...(run !== undefined && { run }) }
        const look = this.#begin(ctx)
        return ctx.ask(jobManager, list, ASK, (answer) => ({ type: 'told', look, answer }))
      }
      case 'look-at-run': {
        const describe: DescribeJob = { type: 'describe' }
        const jobMaster = jobMasterOf(jobManager, message.run)
        const look = this.#begin(ctx)
        return ctx.ask(jobMaster, describe, ASK, (answer) => ({ type: 'told', look, answer }))
      }
      case 'look-at-nodes':
      case 'look-at-actors': {
        const type = message.type === 'look-at-nodes' ? 'told' : 'nodes-told'
        const describe: DescribeNodes = { type: 'describe' }
        const look = this.#begin(ctx)
        return ctx.ask(resourceManager, describe, ASK, (answer) => ({ type, look, answer }))
      }
      case 'told':
        return this.#pass(message.look, message.answer, ctx)
      case 'nodes-told':
        return this.#lookAtThreads(message.look, message.answer, ctx)
      case 'threads-told':
        return this.#onThreads(message.look, message.answer, ctx)
      default:
        assertNever(message)
    }
  }

  #begin({ asker }: ActorContext<FrontDeskMessage>): number {
    const number = ++this.#lookCount
    if (asker !== undefined) this.#looks.set(number, { asker, waiting: 0, threads: [] })
    return number
  }

  #pass(number: number, answer: Answer<unknown>, ctx: ActorContext<FrontDeskMessage>): void {
    const look = this.#looks.get(number)
    if (look === undefined) return
    this.#looks.delete(number)
    ctx.replyTo(
      look.asker,
      answer.ok ? answer : { ok: false, error: errorOfAsk(answer.failure, 'whoever knows does not answer') },
    )
  }

  #lookAtThreads(
    number: number,
    nodes: Answer<readonly NodeStatus[]>,
    ctx: ActorContext<FrontDeskMessage>,
  ): void {
    const look = this.#looks.get(number)
    if (look === undefined) return
    if (!nodes.ok) return this.#pass(number, nodes, ctx)
    const describe: DescribeThreads = { type: 'describe-threads' }
    for (const { taskManager } of nodes.value) {
      if (taskManager === undefined) continue
      look.waiting++
      ctx.ask(taskManager, describe, ASK, (answer) => ({ type: 'threads-told', look: number, answer }))
    }
    if (look.waiting === 0) this.#tellThreads(number, look, ctx)
  }

  #onThreads(
    number: number,
    answer: Answer<readonly ThreadActors[]>,
    ctx: ActorContext<FrontDeskMessage>,
  ): void {
    const look = this.#looks.get(number)
    if (look === undefined) return
    if (answer.ok) look.threads.push(...answer.value)
    look.waiting--
    if (look.waiting === 0) this.#tellThreads(number, look, ctx)
  }

  #tellThreads(number: number, { threads }: Look, ctx: ActorContext<FrontDeskMessage>): void {
    const { node, name } = this.#options.own
    // The leader may be a task manager, too.
    const isKnown = threads.some((thread) => thread.node === node && thread.slot === undefined)
    const own = { node, name, slot: undefined, tree: this.#options.tree() }
    this.#pass(number, { ok: true, value: isKnown ? threads : [own, ...threads] }, ctx)
  }
}
