import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEntry, LogEvent, Outcome } from '#src/cluster/log-entry.js'
import type { Attempt, CheckpointId, Epoch, NodeId, RunId } from '#src/kit/ids.js'
import type { BlobName, Part } from '#src/state/snapshot.js'

export const run = 'run1' as RunId

export function manifest(name: string): Part {
  return { blob: `run1/1/1/${name}` as BlobName, offset: 0, bytes: 1, hash: 'a'.repeat(64) }
}

/** Events as a test writes them: plain numbers. */
export const on = {
  submitted: (): LogEvent => ({ type: 'submitted', run, job: 'click-count' }),
  leads: (epoch: number): LogEvent => ({ type: 'leads', epoch: epoch as Epoch, node: 'node1' as NodeId }),
  reserved: (epoch: number, to: number): LogEvent => ({
    type: 'reserved',
    epoch: epoch as Epoch,
    to: to as CheckpointId,
  }),
  started: (epoch: number, attempt: number, from: number): LogEvent => ({
    type: 'started',
    epoch: epoch as Epoch,
    attempt: attempt as Attempt,
    from: from as CheckpointId,
  }),
  completed: (epoch: number, attempt: number, checkpoint: number, name = 'manifest'): LogEvent => ({
    type: 'completed',
    epoch: epoch as Epoch,
    attempt: attempt as Attempt,
    checkpoint: checkpoint as CheckpointId,
    manifest: manifest(name),
  }),
  cancelling: (epoch: number): LogEvent => ({ type: 'cancelling', epoch: epoch as Epoch }),
  released: (epoch: number, ...checkpoints: number[]): LogEvent => ({
    type: 'released',
    epoch: epoch as Epoch,
    checkpoints: checkpoints as CheckpointId[],
  }),
  ended: (epoch: number, outcome: Outcome = 'finished'): LogEvent => ({
    type: 'ended',
    epoch: epoch as Epoch,
    outcome,
  }),
}

/** Entries of a log that holds `events`. */
export function entriesOf(...events: readonly LogEvent[]): LogEntry[] {
  const entries: LogEntry[] = []
  let history = JobHistory.empty
  for (const [index, event] of events.entries()) {
    const verdict = history.propose(event, `nonce-${index + 1}`)
    if (verdict.kind === 'refused') throw new Error(verdict.reason)
    entries.push(verdict.entry)
    history = history.followedBy(verdict.entry)
  }
  return entries
}

/** A run that is under way: epoch 1, attempt 1 from checkpoint 0, ids to 64. */
export const STARTED = [
  on.submitted(),
  on.leads(1),
  on.completed(1, 0, 0),
  on.started(1, 1, 0),
  on.reserved(1, 64),
]
