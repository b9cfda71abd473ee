import type { ActorContext, ActorRef, Answer, ReplyTo } from '#src/actor/actor.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import { assert } from '#src/kit/assert.js'
import type { Attempt, NodeId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type {
  AdoptedAttempt,
  CheckpointCoordinator,
  CheckpointCoordinatorMessage,
  CheckpointedSubtask,
  CheckpointNow,
  DescribeCheckpoints,
} from './checkpoint-coordinator.js'

/** What its questions come back as, to the job master. */
export type CheckpointsStep =
  | {
      readonly type: 'checkpointed'
      readonly asker: ReplyTo<unknown>
      readonly answer: Answer<CheckpointRecord>
    }
  | {
      readonly type: 'checkpoints-described'
      readonly asker: ReplyTo<unknown>
      readonly answer: Answer<readonly CheckpointRecord[]>
    }
  | { readonly type: 'ready-to-move'; readonly attempt: Attempt; readonly node: NodeId }
  | { readonly type: 'told' }

const NOW: CheckpointNow = { type: 'checkpoint-now' }

/** The checkpoint coordinator of a job: spawned, told of attempts and asked for checkpoints by its job master. */
export class JobCheckpoints {
  readonly #ctx: ActorContext<CheckpointsStep>
  #coordinator: ActorRef<CheckpointCoordinatorMessage> | undefined
  /** Asked for before there was a coordinator. */
  readonly #early: ReplyTo<unknown>[] = []

  constructor(ctx: ActorContext<CheckpointsStep>) {
    this.#ctx = ctx
  }

  get coordinator(): ActorRef<CheckpointCoordinatorMessage> {
    assert(this.#coordinator !== undefined, 'a coordinator is there before anything is deployed')
    return this.#coordinator
  }

  spawn(coordinator: CheckpointCoordinator): void {
    this.#coordinator = this.#ctx.spawn('checkpoints', coordinator)
    for (const asker of this.#early.splice(0)) this.take(asker)
  }

  /** Before anything of `attempt` is deployed: whose words count from now on. */
  start(
    attempt: Attempt,
    subtasks: readonly CheckpointedSubtask[],
    retained: readonly RetainedCheckpoint[],
  ): void {
    this.#tell({ type: 'attempt-started', attempt, subtasks, retained })
  }

  /** All subtasks of `attempt` run. */
  run(attempt: Attempt, adopted: AdoptedAttempt | undefined): void {
    const goesOn = adopted !== undefined || attempt > 1
    this.#tell({ type: 'attempt-running', attempt, goesOn, ...(adopted !== undefined && { adopted }) })
  }

  end(attempt: Attempt): void {
    this.#tell({ type: 'attempt-ended', attempt })
  }

  /** One now; before there is a coordinator, as soon as there is. Answered by 'checkpointed'. */
  take(asker: ReplyTo<unknown>): void {
    if (this.#coordinator === undefined) return void this.#early.push(asker)
    this.#ctx.ask(this.#coordinator, NOW, { timeoutMs: LIMITS.controlAsk.timeoutMs }, (answer) => ({
      type: 'checkpointed',
      asker,
      answer,
    }))
  }

  /** One for `attempt` to move from `node` with; that it fails costs only that more is read again. 'ready-to-move'. */
  takeToMove(attempt: Attempt, node: NodeId): void {
    this.#ctx.ask(this.coordinator, NOW, { timeoutMs: LIMITS.moveCheckpointMs }, () => ({
      type: 'ready-to-move',
      attempt,
      node,
    }))
  }

  /** Those that are pending. Answered by 'checkpoints-described'. False: there is no coordinator to have any. */
  describe(asker: ReplyTo<unknown>): boolean {
    if (this.#coordinator === undefined) return false
    const describe: DescribeCheckpoints = { type: 'describe' }
    this.#ctx.ask(this.#coordinator, describe, { timeoutMs: LIMITS.describeMs }, (answer) => ({
      type: 'checkpoints-described',
      asker,
      answer,
    }))
    return true
  }

  #tell(message: CheckpointCoordinatorMessage): void {
    if (this.#coordinator !== undefined)
      this.#ctx.ask(this.#coordinator, message, LIMITS.controlAsk, () => ({ type: 'told' }))
  }
}
