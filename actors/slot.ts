import type { Actor, ActorContext, ActorRef, Asks, ExitReason } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import { type SubtaskId, subtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { subtaskName } from './deployments.js'
import type { Subtask, SubtaskMessage } from './subtask.js'
import type { SubtaskDeployment } from './subtask-deployment.js'

/** What a slot hears, and from whom. */
export type SlotMessage =
  // the job master; may be repeated
  | DeploySubtask
  // its task manager, for whoever shows the cluster
  | DescribeActors
  // its task manager; may be repeated
  | ({ readonly type: 'close' } & Asks<'ok'>)
  // its subtasks' ends
  | { readonly type: 'subtask-ended'; readonly subtask: SubtaskId; readonly reason: ExitReason }
  | { readonly type: 'told' }

export type DeploySubtask = { readonly type: 'deploy'; readonly deployment: SubtaskDeployment } & Asks<'ok'>

/** The actors of its thread. */
export type DescribeActors = { readonly type: 'describe-actors' } & Asks<ActorSnapshot>

export interface SlotOptions {
  /** Builds a subtask from its deployment and the job's code. */
  readonly subtaskOf: (deployment: SubtaskDeployment) => Subtask
  /** The actors of this thread. */
  readonly tree: () => ActorSnapshot
  /** A sink's fence has turned a write away. */
  readonly onFencedWrite: () => void
}

interface Deployed {
  readonly deployment: SubtaskDeployment
  readonly ref: ActorRef<SubtaskMessage>
}

/**
 * Hosts the subtasks of one attempt in one thread, one of every vertex at most (slot sharing). It places them; the job
 * master supervises them: of an end that is not normal it only tells.
 */
export class Slot implements Actor<SlotMessage> {
  readonly #options: SlotOptions
  readonly #deployed = new Map<SubtaskId, Deployed>()
  /** Every subtask ever placed here: a repeated request must not run one a second time in its attempt. */
  readonly #placed = new Set<SubtaskId>()
  readonly #closers: NonNullable<ActorContext<SlotMessage>['asker']>[] = []

  constructor(options: SlotOptions) {
    this.#options = options
  }

  receive(message: SlotMessage, ctx: ActorContext<SlotMessage>): void {
    switch (message.type) {
      case 'deploy':
        this.#deploy(message.deployment, ctx)
        return ctx.reply('ok')
      case 'close':
        if (ctx.asker !== undefined) this.#closers.push(ctx.asker)
        for (const { ref } of this.#deployed.values()) ctx.send(ref, { type: 'cancel' })
        return this.#answerClosers(ctx)
      case 'subtask-ended':
        return this.#onEnded(message.subtask, message.reason, ctx)
      case 'describe-actors':
        return ctx.reply(this.#options.tree())
      case 'told':
        return
      default:
        assertNever(message)
    }
  }

  #deploy(deployment: SubtaskDeployment, ctx: ActorContext<SlotMessage>): void {
    const subtask = subtaskId(deployment.vertex, deployment.subtask)
    if (this.#placed.has(subtask)) return
    this.#placed.add(subtask)
    const ref = ctx.spawn(subtaskName(subtask), this.#options.subtaskOf(deployment), {
      onExit: (reason) => ({ type: 'subtask-ended', subtask, reason }),
    })
    this.#deployed.set(subtask, { deployment, ref })
  }

  #onEnded(subtask: SubtaskId, reason: ExitReason, ctx: ActorContext<SlotMessage>): void {
    const ended = this.#deployed.get(subtask)
    if (ended === undefined) return
    this.#deployed.delete(subtask)
    const error = errorOfExit(reason)
    if (isFenced(error)) this.#options.onFencedWrite()
    if (error !== undefined) {
      const { attempt, jobMaster } = ended.deployment
      ctx.ask(jobMaster, { type: 'subtask-failed', subtask, attempt, error }, LIMITS.controlAsk, () => ({
        type: 'told',
      }))
    }
    this.#answerClosers(ctx)
  }

  #answerClosers(ctx: ActorContext<SlotMessage>): void {
    if (this.#deployed.size > 0) return
    for (const asker of this.#closers.splice(0)) ctx.replyTo(asker, { ok: true, value: 'ok' })
  }
}

/** A later attempt has raised the fence of a sink: this one's write was turned away. */
function isFenced(error: ErrorInfo | undefined): boolean {
  return error !== undefined && (error.code === 'RT1447' || isFenced(error.cause))
}

function errorOfExit(reason: ExitReason): ErrorInfo | undefined {
  switch (reason.kind) {
    case 'normal':
    case 'shutdown':
      return undefined
    case 'failed':
    case 'gave-up':
      return reason.error
    case 'killed':
    case 'lost':
      return errorInfoOf(new Error(`the subtask was ${reason.kind}`))
    default:
      return assertNever(reason)
  }
}
