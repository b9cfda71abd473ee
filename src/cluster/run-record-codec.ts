import { errorInfoOf, RetakeError } from '../kit/errors.js'
import {
  isBoolean,
  isPositive,
  isText,
  isTime,
  isTokenText,
  misfitOf,
  one,
  optional,
  type Shape,
  valuesOf,
} from '../kit/shape.js'
import type { RunRecord } from './job-store.js'

/** Indented: people look at it. */
export function encodeRunRecord(record: RunRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(record, undefined, 2))
}

/** Throws RT1306 for bytes that are no record of a run. `where` names them. */
export function decodeRunRecord(bytes: Uint8Array, where: string): RunRecord {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw damaged(where, `it is not JSON (${errorInfoOf(cause).message})`, cause)
  }
  const misfit = misfitOf('record', value, RECORD)
  if (misfit !== undefined) throw damaged(where, `${misfit} is not what it must be`)
  return value as RunRecord
}

const RECORD: Shape = {
  run: isTokenText,
  job: isText,
  bundle: isText,
  request: one({
    params: valuesOf(isText),
    parallelism: optional(isPositive),
    maxParallelismOf: optional(valuesOf(isPositive)),
  }),
  fingerprint: isText,
  allowRepeatedRows: isBoolean,
  createdAt: isTime,
}

function damaged(where: string, why: string, cause?: unknown): RetakeError {
  return new RetakeError('RT1306', {
    what: `${where} is not the record of a run`,
    why,
    fix: 'restore that file from a copy, or remove all that is kept of that run',
    where,
    cause,
  })
}
