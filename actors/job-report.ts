import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import type { RunHistory } from '#src/cluster/run-history.js'
import type { ExecutionGraph } from '#src/graph/execution-graph.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import type { Attempt, RunId } from '#src/kit/ids.js'
import type { JobDetails, PlacedSubtask } from './cluster-view.js'
import type { JobAttempt } from './job-attempt.js'
import type { JobStory } from './job-story.js'
import type { RateMeter } from './rate-meter.js'

/** What a job master knows of its job: all that is shown of it, but what the store alone has. */
export type JobReport = Omit<JobDetails, 'submittedAt' | 'bundle'>

export interface JobFacts {
  readonly run: RunId
  readonly plan: JobPlan
  readonly graph: ExecutionGraph
  readonly story: JobStory
  readonly attempt: JobAttempt | undefined
  readonly rates: RateMeter
  readonly history: RunHistory
  /** Newest first. */
  readonly pending: readonly CheckpointRecord[]
  readonly retained: readonly RetainedCheckpoint[]
}

export function jobReport(facts: JobFacts): JobReport {
  const { run, plan, graph, story, attempt, rates, history, pending, retained } = facts
  const placed = attempt === undefined ? [] : placedSubtasks(attempt, graph, plan)
  return {
    run,
    job: plan.name,
    status: story.status,
    reason: story.reason,
    attempt: attempt?.number ?? (0 as Attempt),
    subtasks: {
      running: placed.filter(({ state }) => state === 'RUNNING').length,
      total: graph.subtasks.length,
    },
    metrics: rates.latest,
    rates: rates.rates(),
    checkpoint: history.checkpoints.find(({ state }) => state === 'completed'),
    plan,
    placed,
    attempts: history.attempts,
    checkpoints: [...pending, ...history.checkpoints],
    failures: history.failures,
    retained: retained.map(({ checkpoint }) => checkpoint),
    error: undefined,
  }
}

function placedSubtasks(attempt: JobAttempt, graph: ExecutionGraph, plan: JobPlan): PlacedSubtask[] {
  return graph.subtasks.flatMap(({ id, vertex, subtask }) => {
    const grant = attempt.slots[subtask]
    if (grant === undefined) return []
    const { node, slot } = grant
    const { name } = plan.vertices[vertex]!
    return [
      {
        subtask: id,
        vertex: name,
        state: attempt.stateOf(id),
        node,
        slot,
        metrics: attempt.metrics.get(id),
      },
    ]
  })
}
