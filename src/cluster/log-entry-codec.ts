import { PART } from '../checkpoint/part-shape.js'
import { errorInfoOf, RetakeError } from '../kit/errors.js'
import {
  each,
  isCount,
  isPositive,
  isText,
  isTokenText,
  listOf,
  misfitOf,
  one,
  optional,
  type Shape,
} from '../kit/shape.js'
import type { LogEntry, LogEvent } from './log-entry.js'

const ORIGIN = optional(one({ run: isTokenText, checkpoint: isCount }))

const OUTCOME: Shape = { outcome: (value) => ['finished', 'canceled', 'failed'].includes(String(value)) }

/** What holds after an entry; entries of a time before `isCancelling` lack that. */
const STATE: Shape = {
  run: isTokenText,
  job: isText,
  origin: ORIGIN,
  epoch: isCount,
  attempt: isCount,
  from: optional(isCount),
  reserved: optional(one({ epoch: isCount, from: isCount, to: isCount })),
  retained: each({ checkpoint: isCount, attempt: isCount, manifest: one(PART) }),
  isCancelling: optional((value) => value === true),
  ended: optional(one(OUTCOME)),
}

const ENTRY: Shape = {
  place: isPositive,
  nonce: isText,
  previous: optional(isText),
  event: one({ type: isText }),
  after: one(STATE),
}

/** Of every event that this version knows. */
const EVENTS: Readonly<Record<LogEvent['type'], Shape>> = {
  submitted: { run: isTokenText, job: isText, origin: ORIGIN },
  leads: { epoch: isCount, node: isText },
  reserved: { epoch: isCount, to: isCount },
  started: { epoch: isCount, attempt: isCount, from: isCount },
  completed: { epoch: isCount, attempt: isCount, checkpoint: isCount, manifest: one(PART) },
  cancelling: { epoch: isCount },
  released: { epoch: isCount, checkpoints: listOf(isCount) },
  ended: { epoch: isCount, ...OUTCOME },
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
  const misfit = misfitOf('entry', value, ENTRY)
  if (misfit !== undefined) throw damaged(where, `${misfit} is not what it must be`)
  const entry = value as LogEntry
  const { type } = entry.event
  if (!Object.hasOwn(EVENTS, type)) throw unknown(where, entry)
  const eventMisfit = misfitOf('entry.event', entry.event, EVENTS[type])
  if (eventMisfit !== undefined) throw damaged(where, `${eventMisfit} is not what it must be`)
  if (place !== undefined && entry.place !== place)
    throw damaged(where, `it says that it is entry ${entry.place}`)
  return entry
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
