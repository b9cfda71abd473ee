import type { ActorContext, ActorRef, Answer, ExitReason } from '#src/actor/actor.js'
import type { Attempt, CheckpointId, Epoch, NodeId, RunId, SubtaskId, SubtaskIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { PlacedDeployment } from './deployments.js'
import type { Direction } from './direction.js'
import type { JobAttempt } from './job-attempt.js'
import type { EvacuateNode } from './job-master.js'
import type { TakeoverStep } from './job-takeover.js'
import type {
  ClaimSlots,
  ReleaseSlots,
  RequestSlots,
  ResourceManagerMessage,
  SlotsAnswer,
} from './resource-manager.js'
import type { DeploySubtask } from './slot.js'
import type { JobCode } from './slot-threads.js'
import type { AdoptSlot, CloseSlot, OpenSlot, OpenSlotAnswer } from './task-manager.js'

/** What its questions come back as, to the job master. */
export type SlotsStep =
  | { readonly type: 'slots'; readonly answer: Answer<SlotsAnswer> }
  | {
      readonly type: 'slot-opened'
      readonly attempt: Attempt
      readonly index: number
      readonly answer: Answer<OpenSlotAnswer>
    }
  | {
      readonly type: 'deployed'
      readonly attempt: Attempt
      readonly subtask: SubtaskId
      readonly answer: Answer<'ok'>
    }
  | { readonly type: 'slot-closed'; readonly attempt: Attempt; readonly index: number }
  | { readonly type: 'task-manager-ended'; readonly node: NodeId; readonly reason: ExitReason }
  | { readonly type: 'told' }

export interface JobSlotsOptions {
  readonly run: RunId
  readonly term: number
  readonly code: JobCode
  /** As many as an attempt needs. */
  readonly count: number
  readonly resourceManager: ActorRef<ResourceManagerMessage>
}

/** The slots of a job: got, opened, filled and let go for its job master, who hears what becomes of it. */
export class JobSlots {
  readonly #options: JobSlotsOptions
  readonly #ctx: ActorContext<SlotsStep | TakeoverStep | EvacuateNode>

  constructor(options: JobSlotsOptions, ctx: ActorContext<SlotsStep | TakeoverStep | EvacuateNode>) {
    this.#options = options
    this.#ctx = ctx
  }

  /** Answered by 'slots'. */
  request(attempt: Attempt): void {
    const { run, count, resourceManager } = this.#options
    const jobMaster = this.#ctx.self
    const request: RequestSlots = { type: 'request-slots', run, attempt, count, jobMaster }
    this.#ctx.ask(resourceManager, request, { timeoutMs: LIMITS.slotRetryMs * 8 }, (answer) => ({
      type: 'slots',
      answer,
    }))
  }

  /** Those that `attempt` was given by whoever led the job before. Answered by 'slots-claimed'. */
  claim(attempt: Attempt): void {
    const { run, count, resourceManager } = this.#options
    const jobMaster = this.#ctx.self
    const claim: ClaimSlots = { type: 'claim-slots', run, attempt, count, jobMaster }
    this.#ctx.ask(resourceManager, claim, { timeoutMs: LIMITS.slotRetryMs * 8 }, (answer) => ({
      type: 'slots-claimed',
      answer,
    }))
  }

  /** Each is answered by 'slot-adopted'. @param settled checkpoints up to this one are complete or given up */
  adopt({ number: attempt, slots }: JobAttempt, direction: Direction, settled: CheckpointId): void {
    const { run } = this.#options
    for (const [index, { taskManager, slot }] of slots.entries()) {
      const adopt: AdoptSlot = { type: 'adopt-slot', slot, run, attempt, direction, settled }
      this.#ctx.ask(taskManager, adopt, LIMITS.controlAsk, (answer) => ({
        type: 'slot-adopted',
        attempt,
        index,
        answer,
      }))
    }
  }

  /** The end of each of its task managers is told by 'task-manager-ended'. */
  watch({ slots }: JobAttempt): void {
    for (const { node, taskManager } of new Map(slots.map((grant) => [grant.node, grant])).values()) {
      this.#ctx.watch(taskManager, (reason) => ({ type: 'task-manager-ended', node, reason }))
    }
  }

  /** Each is answered by 'slot-opened'. */
  open({ number: attempt, slots }: JobAttempt, direction: Direction): void {
    const { run, term, code } = this.#options
    for (const [position, { taskManager, slot }] of slots.entries()) {
      const index = position as SubtaskIndex
      const open: OpenSlot = { type: 'open-slot', slot, run, attempt, index, code, direction, term }
      this.#ctx.ask(taskManager, open, LIMITS.controlAsk, (answer) => ({
        type: 'slot-opened',
        attempt,
        index,
        answer,
      }))
    }
  }

  /** Each is answered by 'deployed'. */
  deploy(attempt: Attempt, placed: readonly PlacedDeployment[]): void {
    for (const { id, slot, deployment } of placed) {
      const deploy: DeploySubtask = { type: 'deploy', deployment }
      this.#ctx.ask(slot, deploy, LIMITS.controlAsk, (answer) => ({
        type: 'deployed',
        attempt,
        subtask: id,
        answer,
      }))
    }
  }

  /** Each is answered by 'slot-closed', but for those whose task managers are lost. */
  close(attempt: JobAttempt, epoch: Epoch): void {
    const { run } = this.#options
    for (const index of attempt.toClose()) {
      const { taskManager, slot } = attempt.slots[index]!
      const close: CloseSlot = { type: 'close-slot', slot, run, attempt: attempt.number, epoch }
      this.#ctx.ask(taskManager, close, LIMITS.controlAsk, () => ({
        type: 'slot-closed',
        attempt: attempt.number,
        index,
      }))
    }
  }

  /** They are for another leader to give and to release. */
  forget(): void {
    const { run, resourceManager } = this.#options
    this.#ctx.send(resourceManager, { type: 'forget-slots', run })
  }

  /** Of `attempt` and all before it, whoever led the job then. The resource manager has their threads closed. */
  release(attempt: Attempt, epoch: Epoch): void {
    const { run, resourceManager } = this.#options
    const release: ReleaseSlots = { type: 'release-slots', run, attempt, epoch }
    this.#ctx.ask(resourceManager, release, LIMITS.controlAsk, () => ({ type: 'told' }))
  }
}
