import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import type { AttemptEnd, AttemptRecord, FailureRecord } from '#src/cluster/run-history.js'
import type { Attempt, CheckpointId, SubtaskId } from '#src/kit/ids.js'

/** What a history is made of, as a test writes it: plain numbers. */

export function attemptOf(attempt: number, startedAt?: number, ended?: AttemptEnd): AttemptRecord {
  return { attempt: attempt as Attempt, from: (attempt * 10) as CheckpointId, startedAt, ended }
}

export function endOf(how: AttemptEnd['how'], at = 1, reason?: string): AttemptEnd {
  return { at, how, reason }
}

export function failureOf(message: string, attempt = 1): FailureRecord {
  return { at: 1, attempt: attempt as Attempt, error: { name: 'Error', message } }
}

export function checkpointOf(checkpoint: number, more: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    checkpoint: checkpoint as CheckpointId,
    attempt: 1 as Attempt,
    cause: 'periodic',
    state: 'completed',
    triggeredAt: 1,
    durationMs: 2,
    bytes: 3,
    acknowledged: 4,
    subtasks: 4,
    slowest: { subtask: '1-0' as SubtaskId, durationMs: 2 },
    failure: undefined,
    ...more,
  }
}
