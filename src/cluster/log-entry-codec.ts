import { errorInfoOf, RetakeError } from '../kit/errors.js'
import type { LogEntry } from './log-entry.js'

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`)
}

/**
 * Throws RT1306 for bytes that are no entry, or not the one of `place` (where that is known otherwise). What the entry
 * claims is `JobHistory`'s to check.
 */
export function decodeLogEntry(bytes: Uint8Array, place: number | undefined, where: string): LogEntry {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw damaged(where, `it is not JSON (${errorInfoOf(error).message})`)
  }
  if (!isEntry(value)) throw damaged(where, 'it has not the fields of an entry')
  if (place !== undefined && value.place !== place)
    throw damaged(where, `it says that it is entry ${value.place}`)
  return value
}

function isEntry(value: unknown): value is LogEntry {
  if (!isObject(value) || !isObject(value['event']) || !isObject(value['after'])) return false
  const { epoch, attempt, retained } = value['after']
  return (
    typeof value['place'] === 'number' &&
    typeof value['nonce'] === 'string' &&
    typeof value['event']['type'] === 'string' &&
    typeof epoch === 'number' &&
    typeof attempt === 'number' &&
    Array.isArray(retained)
  )
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function damaged(where: string, why: string): RetakeError {
  return new RetakeError('RT1306', {
    what: `${where} is not an entry of a job's log`,
    why,
    fix: 'restore that file from a copy; checkpoints beside it may still be started from with --from-checkpoint',
    where,
  })
}
