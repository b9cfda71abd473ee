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
    if (!isHistory(value)) return undefined
    const { attempts, checkpoints, failures } = value
    return { attempts, checkpoints, failures }
  } catch {
    return undefined
  }
}

type Fields = Readonly<Record<string, (value: unknown) => boolean>>

const isNumber = (value: unknown): boolean => typeof value === 'number'
const isText = (value: unknown): boolean => typeof value === 'string'
const optional = (isOne: (value: unknown) => boolean) => (value: unknown) =>
  value === undefined || isOne(value)
const listOf = (fields: Fields) => (value: unknown) =>
  Array.isArray(value) && value.every((one) => has(one, fields))
const objectOf = (fields: Fields) => (value: unknown) => has(value, fields)

/** Of an error only what all of them have: the rest is text, and may be missing. */
const ERROR: Fields = { name: isText, message: isText }

const HISTORY: Fields = {
  version: (value) => value === VERSION,
  attempts: listOf({
    attempt: isNumber,
    from: isNumber,
    startedAt: optional(isNumber),
    ended: optional(objectOf({ at: isNumber, how: isText, reason: optional(isText) })),
  }),
  checkpoints: listOf({
    checkpoint: isNumber,
    attempt: isNumber,
    cause: isText,
    state: isText,
    triggeredAt: isNumber,
    durationMs: isNumber,
    bytes: isNumber,
    acknowledged: isNumber,
    subtasks: isNumber,
    slowest: optional(objectOf({ subtask: isText, durationMs: isNumber })),
    failure: optional(objectOf(ERROR)),
  }),
  failures: listOf({ at: isNumber, attempt: isNumber, error: objectOf(ERROR) }),
}

function isHistory(value: unknown): value is RunHistory {
  return has(value, HISTORY)
}

function has(value: unknown, fields: Fields): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(fields).every(([key, isOne]) => isOne((value as Record<string, unknown>)[key]))
}
