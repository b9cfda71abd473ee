import type { JobDetails, JobSummary, NodeStatus, ThreadActors } from '../../actors/cluster-view.js'
import type { ActorSnapshot } from '../actor/actor-snapshot.js'
import type { CheckpointRecord } from '../checkpoint/checkpoint-record.js'
import type { ErrorInfo } from '../kit/errors.js'
import { stackFramesOf } from '../kit/stack-frames.js'
import type { Finding } from './doctor-finding.js'

/**
 * What `-o json` prints. The keys are promised to scripts, so each stands here by name, whatever the cast calls things
 * inside; one that has no value is null, and none is ever missing. `docs/cli.md` lists them; a test compares both.
 */
export function jsonText(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`
}

export function jobJson(job: JobSummary) {
  const { metrics, rates, checkpoint, subtasks } = job
  return {
    run: job.run,
    job: job.job,
    status: job.status,
    reason: job.reason ?? null,
    submittedAt: timeJson(job.submittedAt),
    attempt: job.attempt,
    subtasks: { running: subtasks.running, total: subtasks.total },
    metrics:
      metrics === undefined
        ? null
        : {
            recordsIn: metrics.recordsIn,
            recordsOut: metrics.recordsOut,
            recordsSkipped: metrics.recordsSkipped,
            busyMs: metrics.busyMs,
            backpressuredMs: metrics.backpressuredMs,
          },
    rates:
      rates === undefined
        ? null
        : {
            recordsInPerSecond: rates.recordsInPerSecond,
            recordsOutPerSecond: rates.recordsOutPerSecond,
            busy: rates.busy,
            backpressured: rates.backpressured,
          },
    checkpoint: checkpoint === undefined ? null : checkpointJson(checkpoint),
  }
}

export function jobDetailsJson(job: JobDetails) {
  return {
    ...jobJson(job),
    bundle: job.bundle,
    plan: job.plan ?? null,
    placed: job.placed.map(({ subtask, vertex, state, node, slot, metrics }) => ({
      subtask,
      vertex,
      state,
      node,
      slot,
      metrics:
        metrics === undefined
          ? null
          : {
              recordsIn: metrics.recordsIn,
              recordsOut: metrics.recordsOut,
              recordsSkipped: metrics.recordsSkipped,
              bytesOut: metrics.bytesOut,
              busyMs: metrics.busyMs,
              backpressuredMs: metrics.backpressuredMs,
            },
    })),
    attempts: job.attempts.map(({ attempt, from, startedAt, ended }) => ({
      attempt,
      from,
      startedAt: startedAt === undefined ? null : timeJson(startedAt),
      endedAt: ended === undefined ? null : timeJson(ended.at),
      end: ended?.how ?? null,
      reason: ended?.reason ?? null,
    })),
    checkpoints: job.checkpoints.map(checkpointJson),
    retained: job.retained,
    failures: job.failures.map(({ at, attempt, error }) => ({
      at: timeJson(at),
      attempt,
      error: errorJson(error),
    })),
    error: errorJson(job.error),
  }
}

export function checkpointJson(record: CheckpointRecord) {
  const { slowest, failure } = record
  const timings = slowest?.timings
  return {
    checkpoint: record.checkpoint,
    attempt: record.attempt,
    cause: record.cause,
    state: record.state,
    triggeredAt: timeJson(record.triggeredAt),
    durationMs: record.durationMs,
    bytes: record.bytes,
    acknowledged: record.acknowledged,
    subtasks: record.subtasks,
    slowest:
      slowest === undefined
        ? null
        : {
            subtask: slowest.subtask,
            durationMs: slowest.durationMs,
            timings:
              timings === undefined
                ? null
                : {
                    alignmentMs: timings.alignmentMs,
                    captureMs: timings.captureMs,
                    uploadMs: timings.uploadMs,
                  },
          },
    failure: errorJson(failure),
  }
}

/** @param leads whether it is the job manager that directs */
export function nodeJson(node: NodeStatus) {
  return {
    node: node.node,
    name: node.name,
    roles: node.roles,
    leads: node.isLeader,
    state: node.state,
    slots: node.slots,
    freeSlots: node.freeSlots,
    host: node.host,
    pid: node.pid,
    version: node.version,
    protocol: node.protocol,
    cpus: node.cpus,
    memoryBytes: node.memoryBytes,
    residentBytes: node.residentBytes,
    labels: node.labels,
    startedAt: timeJson(node.startedAt),
    heardAgoMs: node.heardAgoMs,
    clockSkewMs: node.clockSkewMs,
    fencedWrites: node.fencedWrites,
  }
}

export function threadJson({ node, name, slot, tree }: ThreadActors) {
  return { node, name, slot: slot ?? null, tree: actorJson(tree) }
}

/** One finding of `retake doctor`. */
export function findingJson({ check, status, about, code, what, why, fix, where, values }: Finding) {
  return {
    check,
    status,
    about: about ?? null,
    code: code ?? null,
    what,
    why: why ?? null,
    fix: fix ?? null,
    where: where ?? null,
    values: values ?? {},
  }
}

interface ActorJson extends Omit<ActorSnapshot, 'about' | 'lastError' | 'children'> {
  readonly lastError: ErrorJson | null
  readonly about: unknown
  readonly children: readonly ActorJson[]
}

function actorJson(actor: ActorSnapshot): ActorJson {
  return {
    address: actor.address,
    state: actor.state,
    system: actor.system,
    control: actor.control,
    data: actor.data,
    oldestMs: actor.oldestMs,
    restarts: actor.restarts,
    lastError: errorJson(actor.lastError),
    doing: actor.doing,
    about: actor.about ?? null,
    children: actor.children.map(actorJson),
  }
}

interface ErrorJson {
  readonly code: string | null
  readonly message: string
  readonly what: string | null
  readonly why: string | null
  readonly fix: string | null
  readonly where: string | null
  readonly stack: readonly string[]
  readonly cause: ErrorJson | null
}

export function errorJson(error: ErrorInfo): ErrorJson
export function errorJson(error: ErrorInfo | undefined): ErrorJson | null
export function errorJson(error: ErrorInfo | undefined): ErrorJson | null {
  if (error === undefined) return null
  const { code, message, what, why, fix, where, stack, cause } = error
  return {
    code: code ?? null,
    message,
    what: what ?? null,
    why: why ?? null,
    fix: fix ?? null,
    where: where ?? null,
    stack: userFramesOf(stack),
    cause: errorJson(cause),
  }
}

function userFramesOf(stack: string | undefined): readonly string[] {
  return stackFramesOf(stack)
    .filter(({ owner }) => owner === 'user')
    .map(({ text }) => text)
}

/** ISO 8601, UTC. */
function timeJson(wallTime: number): string {
  return new Date(wallTime).toISOString()
}
