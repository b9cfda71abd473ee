import { errorInfoOf, RetakeError } from '../kit/errors.js'
import type { LogEntry, LogEvent } from './log-entry.js'

/** Of every event that this version knows. */
const KNOWN: Readonly<Record<LogEvent['type'], true>> = {
  submitted: true,
  leads: true,
  reserved: true,
  started: true,
  completed: true,
  cancelling: true,
  released: true,
  ended: true,
}

export function encodeLogEntry(entry: LogEntry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`)
}

/**
 * Throws RT1306 for bytes that are no entry, or not the one of `place` (where that is known otherwise), or one that only a
 * later version understands. What the entry claims is `JobHistory`'s to check.
 */
export function decodeLogEntry(bytes: Uint8Array, place: number | undefined, where: string): LogEntry {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw damaged(where, `it is not JSON (${errorInfoOf(error).message})`)
  }
  if (!isEntry(value)) throw damaged(where, 'it has not the fields of an entry')
  if (!Object.hasOwn(KNOWN, value.event.type)) throw unknown(where, value)
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

function unknown(where: string, { place, event }: LogEntry): RetakeError {
  return new RetakeError('RT1306', {
    what: `entry ${place} of a job's log says '${event.type}', which this version does not know`,
    why: 'a newer Retake has written it',
    fix: 'have the job manager run the version that it ran before, or a newer one',
    where,
  })
}

function damaged(where: string, why: string): RetakeError {
  return new RetakeError('RT1306', {
    what: `${where} is not an entry of a job's log`,
    why,
    fix: 'restore that file from a copy; checkpoints beside it may still be started from with --from-checkpoint',
    where,
  })
}
