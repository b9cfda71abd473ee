import type { ActorContext, ActorRef, Answer } from '#src/actor/actor.js'
import { withSplitsRead } from '#src/checkpoint/known-splits.js'
import type { SourceState } from '#src/checkpoint/manifest.js'
import type { Connectors } from '#src/connector/registry.js'
import type { SplitEnumerator } from '#src/connector/source.js'
import type { ExecutionGraph } from '#src/graph/execution-graph.js'
import type { JobPlan, OperatorPlan } from '#src/graph/job-plan.js'
import type { Clock } from '#src/kit/clock.js'
import type { Attempt, Epoch, OperatorId, SubtaskId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import type { LivingSubtask } from './adoption.js'
import type { JobAttempt } from './job-attempt.js'
import {
  type AttemptRunning,
  type ResolveSplits,
  type RestoreSplits,
  SourceCoordinator,
  type SourceCoordinatorMessage,
  type SourceCoordinatorReport,
} from './source-coordinator.js'
import type { AssignSplits } from './subtask-message.js'

/** What its questions come back as, to the job master. */
export type SourcesStep = SourceResolved | { readonly type: 'told' }

export interface SourceResolved {
  readonly type: 'resolved'
  readonly source: OperatorId
  readonly answer: Answer<SourceState>
}

/** The source coordinators of a job: one for each source, spawned, resolved and told of attempts by its job master. */
export class JobSources {
  readonly #plan: JobPlan
  readonly #graph: ExecutionGraph
  readonly #ctx: ActorContext<SourcesStep | SourceCoordinatorReport>
  readonly #refs = new Map<OperatorId, ActorRef<SourceCoordinatorMessage>>()
  readonly #complete = new Set<OperatorId>()
  readonly #resolved = new Map<OperatorId, SourceState>()

  constructor(
    plan: JobPlan,
    graph: ExecutionGraph,
    ctx: ActorContext<SourcesStep | SourceCoordinatorReport>,
  ) {
    this.#plan = plan
    this.#graph = graph
    this.#ctx = ctx
  }

  get refs(): ReadonlyMap<OperatorId, ActorRef<SourceCoordinatorMessage>> {
    return this.#refs
  }

  /** Sources that never get new splits. */
  get complete(): ReadonlySet<OperatorId> {
    return this.#complete
  }

  /** What all of them begin with; undefined until every one is resolved. */
  get states(): readonly SourceState[] | undefined {
    return this.#resolved.size === this.#refs.size ? [...this.#resolved.values()] : undefined
  }

  spawn(
    connectors: Connectors,
    epoch: Epoch,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ): void {
    for (const { operator, parallelism } of sourcesOf(this.#plan)) {
      const { id, where, connector } = operator
      const enumerator = orItsRefusal(() =>
        connectors.source(connector.name).enumerator(connector.options, { clock, logger, parallelism }),
      )
      if (enumerator.discoverEveryMs === undefined) this.#complete.add(id)
      const jobMaster = this.#ctx.self
      const coordinator = new SourceCoordinator({ epoch, source: id, where, enumerator, jobMaster, logger })
      this.#refs.set(id, this.#ctx.spawn(`source-${this.#refs.size}`, coordinator))
    }
  }

  /** The source that the chain of `subtask` begins with. */
  sourceOf(subtask: SubtaskId): OperatorId | undefined {
    const head = this.#plan.vertices[Number.parseInt(subtask, 10)]?.operators[0]
    return head?.kind === 'source' ? head.id : undefined
  }

  /** Asks those that have not said yet where their splits begin and end. Each is answered by 'resolved'. */
  resolve(): void {
    const resolve: ResolveSplits = { type: 'resolve' }
    for (const [source, ref] of this.#refs) {
      if (this.#resolved.has(source)) continue
      this.#ctx.ask(ref, resolve, { timeoutMs: LIMITS.resolveMs }, (answer) => ({
        type: 'resolved',
        source,
        answer,
      }))
    }
  }

  onResolved(source: OperatorId, state: SourceState): void {
    this.#resolved.set(source, state)
  }

  /** Gives each back what the checkpoint says that `attempt` starts from. */
  restore(attempt: Attempt, states: readonly SourceState[]): void {
    for (const state of states) {
      const ref = this.#refs.get(state.source)
      if (ref === undefined) continue
      const restore: RestoreSplits = { type: 'restore', attempt, state }
      this.#ctx.ask(ref, restore, LIMITS.controlAsk, () => ({ type: 'told' }))
    }
  }

  /** The same for an attempt that goes on: `living` read splits that were handed out since that checkpoint, too. */
  adopt(attempt: Attempt, states: readonly SourceState[], living: readonly LivingSubtask[]): void {
    const read = new Map<OperatorId, SplitPosition[]>()
    for (const { subtask, splits } of living) {
      const source = this.sourceOf(subtask)
      if (source !== undefined) read.set(source, [...(read.get(source) ?? []), ...splits])
    }
    this.restore(attempt, withSplitsRead(states, read))
  }

  /** All subtasks of `attempt` run. */
  run(attempt: JobAttempt): void {
    for (const [source, ref] of this.#refs) {
      const readers = this.#graph.subtasks
        .filter(({ id }) => this.sourceOf(id) === source)
        .map((subtask): ActorRef<AssignSplits> => ({ address: attempt.addressOf(subtask) }))
      const running: AttemptRunning = { type: 'attempt-running', attempt: attempt.number, readers }
      this.#ctx.ask(ref, running, LIMITS.controlAsk, () => ({ type: 'told' }))
    }
  }

  end(attempt: Attempt): void {
    for (const ref of this.#refs.values()) {
      this.#ctx.ask(ref, { type: 'attempt-ended', attempt }, LIMITS.controlAsk, () => ({ type: 'told' }))
    }
  }
}

const REFUSED_AGAIN_MS = 1_000

/**
 * What `make` makes. What it is refused for (a wrong option, a secret that this node has not) is the answer to whatever
 * it is asked: a job fails for it, where a job master that threw would only begin anew.
 */
function orItsRefusal(make: () => SplitEnumerator): SplitEnumerator {
  try {
    return make()
  } catch (error) {
    const refuse = () => Promise.reject(error)
    return { resolve: refuse, discoverEveryMs: REFUSED_AGAIN_MS, discover: refuse, close: async () => {} }
  }
}

interface PlannedSource {
  readonly operator: OperatorPlan & { readonly connector: NonNullable<OperatorPlan['connector']> }
  readonly parallelism: number
}

function sourcesOf(plan: JobPlan): PlannedSource[] {
  return plan.vertices.flatMap(({ operators, parallelism }) =>
    operators.flatMap((operator) => {
      const { kind, connector } = operator
      return kind === 'source' && connector !== undefined
        ? [{ operator: { ...operator, connector }, parallelism }]
        : []
    }),
  )
}
