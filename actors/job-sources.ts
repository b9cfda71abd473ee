import type { ActorContext, ActorRef, Answer } from '#src/actor/actor.js'
import type { SourceState } from '#src/checkpoint/manifest.js'
import type { Connectors } from '#src/connector/registry.js'
import type { SplitEnumerator } from '#src/connector/source.js'
import type { JobPlan, OperatorPlan } from '#src/graph/job-plan.js'
import type { Clock } from '#src/kit/clock.js'
import type { Attempt, Epoch, OperatorId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import type { Logger } from '#src/kit/logger.js'
import type { JobMasterMessage } from './job-master.js'
import {
  type ResolveSplits,
  type RestoreSplits,
  SourceCoordinator,
  type SourceCoordinatorMessage,
} from './source-coordinator.js'
import type { AssignSplits } from './subtask-message.js'

type ToMessage = () => JobMasterMessage

/** The source coordinators of a job: one for each source, spawned, resolved and told of attempts by its job master. */
export class JobSources {
  readonly #plan: JobPlan
  readonly #ctx: ActorContext<JobMasterMessage>
  readonly #refs = new Map<OperatorId, ActorRef<SourceCoordinatorMessage>>()
  readonly #complete = new Set<OperatorId>()
  readonly #resolved = new Map<OperatorId, SourceState>()

  constructor(plan: JobPlan, ctx: ActorContext<JobMasterMessage>) {
    this.#plan = plan
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

  /** Asks those that have not said yet where their splits begin and end. */
  resolve(toMessage: (source: OperatorId, answer: Answer<SourceState>) => JobMasterMessage): void {
    const resolve: ResolveSplits = { type: 'resolve' }
    for (const [source, ref] of this.#refs) {
      if (this.#resolved.has(source)) continue
      this.#ctx.ask(ref, resolve, { timeoutMs: LIMITS.resolveMs }, (answer) => toMessage(source, answer))
    }
  }

  onResolved(source: OperatorId, state: SourceState): void {
    this.#resolved.set(source, state)
  }

  /** Gives each back what the checkpoint says that `attempt` starts from. */
  restore(attempt: Attempt, states: readonly SourceState[], told: ToMessage): void {
    for (const state of states) {
      const ref = this.#refs.get(state.source)
      if (ref === undefined) continue
      const restore: RestoreSplits = { type: 'restore', attempt, state }
      this.#ctx.ask(ref, restore, LIMITS.controlAsk, told)
    }
  }

  /** All subtasks of `attempt` run; `readers` are those of `source`, in order. */
  run(
    source: OperatorId,
    attempt: Attempt,
    readers: readonly ActorRef<AssignSplits>[],
    told: ToMessage,
  ): void {
    const ref = this.#refs.get(source)
    if (ref !== undefined)
      this.#ctx.ask(ref, { type: 'attempt-running', attempt, readers }, LIMITS.controlAsk, told)
  }

  end(attempt: Attempt, told: ToMessage): void {
    for (const ref of this.#refs.values()) {
      this.#ctx.ask(ref, { type: 'attempt-ended', attempt }, LIMITS.controlAsk, told)
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
