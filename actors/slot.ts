import type { Actor, ActorContext, ActorRef, Answer, Asks, ExitReason, ReplyTo } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import { assertNever } from '#src/kit/assert.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'
import { type Attempt, type CheckpointId, type SubtaskId, subtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { subtaskName } from './deployments.js'
import type { Direction } from './direction.js'
import type { Subtask, SubtaskMessage } from './subtask.js'
import type { SubtaskDeployment } from './subtask-deployment.js'
import type { AdoptSubtask, SubtaskStanding } from './subtask-message.js'

/** What a slot hears, and from whom. */
export type SlotMessage =
  // the job master; may be repeated
  | DeploySubtask
  // its task manager, for a job master that takes the job over; may be repeated
  | AdoptSubtasks
  // its task manager, for whoever shows the cluster
  | DescribeActors
  // its task manager; may be repeated
  | ({ readonly type: 'close' } & Asks<'ok'>)
  // its subtasks
  | { readonly type: 'subtask-ended'; readonly subtask: SubtaskId; readonly reason: ExitReason }
  | {
      readonly type: 'subtask-adopted'
      readonly adoption: Adoption
      readonly subtask: SubtaskId
      readonly answer: Answer<SubtaskStanding>
    }
  // its own
  | { readonly type: 'failure-told'; readonly subtask: SubtaskId; readonly isHeard: boolean }

export type DeploySubtask = { readonly type: 'deploy'; readonly deployment: SubtaskDeployment } & Asks<'ok'>

/** Answered with how it stands with each subtask that was ever deployed here. */
export type AdoptSubtasks = {
  readonly type: 'adopt'
  readonly direction: Direction
  readonly settled: CheckpointId
} & Asks<readonly SubtaskStanding[]>

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

/** Whose question is being answered, and what is known so far. */
interface Adoption {
  readonly asker: ReplyTo<unknown>
  readonly asked: Set<SubtaskId>
  readonly standings: Map<SubtaskId, SubtaskStanding>
}

/**
 * Hosts the subtasks of one attempt in one thread, one of every vertex at most (slot sharing). It places them; the job
 * master supervises them: of an end that is not normal it only tells, until somebody has heard it.
 */
export class Slot implements Actor<SlotMessage> {
  readonly #options: SlotOptions
  readonly #deployed = new Map<SubtaskId, ActorRef<SubtaskMessage>>()
  /** How those ended that did: a repeated request must not run one a second time in its attempt. */
  readonly #ended = new Map<SubtaskId, SubtaskStanding>()
  readonly #closers: ReplyTo<unknown>[] = []
  /** Of the one attempt that it hosts. */
  #attempt = 0 as Attempt
  #direction: Direction | undefined

  constructor(options: SlotOptions) {
    this.#options = options
  }

  receive(message: SlotMessage, ctx: ActorContext<SlotMessage>): void {
    switch (message.type) {
      case 'deploy':
        this.#deploy(message.deployment, ctx)
        return ctx.reply('ok')
      case 'adopt':
        return this.#adopt(message, ctx)
      case 'subtask-adopted':
        return this.#onAdopted(message, ctx)
      case 'close':
        if (ctx.asker !== undefined) this.#closers.push(ctx.asker)
        for (const ref of this.#deployed.values()) ctx.send(ref, { type: 'cancel' })
        return this.#answerClosers(ctx)
      case 'subtask-ended':
        return this.#onEnded(message.subtask, message.reason, ctx)
      case 'failure-told':
        // Who directs has ended: whoever adopts this slot asks, and until then it is told again.
        return message.isHeard ? undefined : this.#tellFailure(message.subtask, ctx)
      case 'describe-actors':
        return ctx.reply(this.#options.tree())
      default:
        assertNever(message)
    }
  }

  #deploy(deployment: SubtaskDeployment, ctx: ActorContext<SlotMessage>): void {
    const { attempt, direction, vertex } = deployment
    const subtask = subtaskId(vertex, deployment.subtask)
    if (this.#deployed.has(subtask) || this.#ended.has(subtask)) return
    if (this.#direction !== undefined && direction.epoch < this.#direction.epoch) return
    this.#direction = direction
    this.#attempt = attempt
    const ref = ctx.spawn(subtaskName(subtask), this.#options.subtaskOf(deployment), {
      onExit: (reason) => ({ type: 'subtask-ended', subtask, reason }),
    })
    this.#deployed.set(subtask, ref)
  }

  #adopt({ direction, settled }: AdoptSubtasks, ctx: ActorContext<SlotMessage>): void {
    const { asker } = ctx
    if (asker === undefined || direction.epoch < (this.#direction?.epoch ?? 0)) return
    this.#direction = direction
    const adoption: Adoption = { asker, asked: new Set(this.#deployed.keys()), standings: new Map() }
    const adopt: AdoptSubtask = { type: 'adopt', direction, settled }
    for (const [subtask, ref] of this.#deployed) {
      ctx.ask(ref, adopt, { timeoutMs: LIMITS.adoptMs }, (answer) => ({
        type: 'subtask-adopted',
        adoption,
        subtask,
        answer,
      }))
    }
    this.#answerAdopter(adoption, ctx)
  }

  #onAdopted(
    { adoption, subtask, answer }: Extract<SlotMessage, { type: 'subtask-adopted' }>,
    ctx: ActorContext<SlotMessage>,
  ): void {
    adoption.asked.delete(subtask)
    if (answer.ok) adoption.standings.set(subtask, answer.value)
    this.#answerAdopter(adoption, ctx)
  }

  /** One that has ended while it was asked stands as it ended. */
  #answerAdopter({ asker, asked, standings }: Adoption, ctx: ActorContext<SlotMessage>): void {
    if (asked.size > 0) return
    const value = [...new Map([...standings, ...this.#ended]).values()]
    ctx.replyTo(asker, { ok: true, value })
  }

  #onEnded(subtask: SubtaskId, reason: ExitReason, ctx: ActorContext<SlotMessage>): void {
    if (!this.#deployed.delete(subtask)) return
    const error = errorOfExit(reason)
    if (isFenced(error)) this.#options.onFencedWrite()
    this.#ended.set(
      subtask,
      error === undefined
        ? { subtask, state: 'FINISHED', ended: true, final: true, splits: [] }
        : { subtask, state: 'FAILED', error },
    )
    this.#tellFailure(subtask, ctx)
    this.#answerClosers(ctx)
  }

  /** Until somebody has heard it; of a subtask that ended well nothing is told. */
  #tellFailure(subtask: SubtaskId, ctx: ActorContext<SlotMessage>): void {
    const standing = this.#ended.get(subtask)
    if (standing?.state !== 'FAILED' || this.#direction === undefined) return
    const { error } = standing
    const failed = { type: 'subtask-failed', subtask, attempt: this.#attempt, error } as const
    ctx.ask(this.#direction.jobMaster, failed, LIMITS.controlAsk, ({ ok }) => ({
      type: 'failure-told',
      subtask,
      isHeard: ok,
    }))
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
