import { RetakeError } from '../kit/errors.js'

/**
 * `record` as one line of JSON, with its end: a bigint as a decimal text, since not every reader of JSON keeps large
 * numbers. Throws RT1460 for what JSON has no form for.
 */
export function jsonLine(record: unknown): string {
  let json: string | undefined
  try {
    json = jsonOf(record)
  } catch (cause) {
    throw notJson(record, cause instanceof Error ? cause.message : String(cause), cause)
  }
  if (json === undefined) throw notJson(record, `JSON has no form for ${typeof record}`)
  return `${json}\n`
}

/** A replacer costs more than the rest together, so that only records with a bigint meet one. */
function jsonOf(record: unknown): string | undefined {
  try {
    return JSON.stringify(record)
  } catch {
    return JSON.stringify(record, (_, value) => (typeof value === 'bigint' ? String(value) : value))
  }
}

function notJson(record: unknown, why: string, cause?: unknown): RetakeError {
  return new RetakeError('RT1460', {
    what: `a record (${Object.prototype.toString.call(record)}) cannot be written as JSON`,
    why,
    fix: 'map records to plain data before this sink',
    cause,
  })
}
