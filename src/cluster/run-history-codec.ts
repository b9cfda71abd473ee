import { each, isNumber, isText, isTime, misfitOf, one, optional, type Shape } from '../kit/shape.js'
import type { RunHistory } from './run-history.js'

/** Of the document. One of another version is not read. */
const VERSION = 1

export function encodeRunHistory({ attempts, checkpoints, failures }: RunHistory): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ version: VERSION, attempts, checkpoints, failures }))
}

/**
 * Undefined for what is no history, is damaged, or is of another version: then it begins anew. It decides nothing, so that
 * is better than to keep a run from going on, or to show what nobody wrote.
 */
export function decodeRunHistory(bytes: Uint8Array): RunHistory | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (misfitOf('', value, HISTORY) !== undefined) return undefined
    const { attempts, checkpoints, failures } = value as RunHistory
    return { attempts, checkpoints, failures }
  } catch {
    return undefined
  }
}

/** Of an error only what all of them have: the rest is text, and may be missing. */
const ERROR: Shape = { name: isText, message: isText }

const HISTORY: Shape = {
  version: (value) => value === VERSION,
  attempts: each({
    attempt: isNumber,
    from: isNumber,
    startedAt: optional(isTime),
    ended: optional(one({ at: isTime, how: isText, reason: optional(isText) })),
  }),
  checkpoints: each({
    checkpoint: isNumber,
    attempt: isNumber,
    cause: isText,
    state: isText,
    triggeredAt: isTime,
    durationMs: isNumber,
    bytes: isNumber,
    acknowledged: isNumber,
    subtasks: isNumber,
    slowest: optional(one({ subtask: isText, durationMs: isNumber })),
    failure: optional(one(ERROR)),
  }),
  failures: each({ at: isTime, attempt: isNumber, error: one(ERROR) }),
}
