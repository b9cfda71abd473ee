/**
 * The types that a column of a sink may have: how PostgreSQL calls each, and how a value of a record becomes the text
 * that PostgreSQL reads for it.
 *
 * An encoder answers with the text, or throws `Unfit` for a value that the column could not hold: whatever is staged
 * must be writable later, when nobody can ask the record any more. So encoders are stricter than PostgreSQL's own
 * reading where that is needed to be sure.
 */
export type ColumnType =
  | 'text'
  | 'varchar'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'numeric'
  | 'real'
  | 'double precision'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'json'
  | 'jsonb'
  | 'bytea'
  | 'uuid'

export type ColumnEncoder = (value: unknown) => string

/** Why a value does not fit, in words that end a sentence: `the value is …`. */
export class Unfit extends Error {
  override readonly name = 'Unfit'
}

interface TypeOfColumns {
  /** As `format_type` shows it. */
  readonly shownAs: string
  readonly encode: ColumnEncoder
  /** Whether the text needs quotes inside an array literal. */
  readonly isQuoted: boolean
  /** Equal values have one text, so that rows can be told apart by it. */
  readonly isKey: boolean
}

export const COLUMN_TYPES: Readonly<Record<ColumnType, TypeOfColumns>> = {
  text: { shownAs: 'text', encode: textOf, isQuoted: true, isKey: true },
  varchar: { shownAs: 'character varying', encode: textOf, isQuoted: true, isKey: true },
  smallint: { shownAs: 'smallint', encode: (value) => integerOf(value, 16), isQuoted: false, isKey: true },
  integer: { shownAs: 'integer', encode: (value) => integerOf(value, 32), isQuoted: false, isKey: true },
  bigint: { shownAs: 'bigint', encode: (value) => integerOf(value, 64), isQuoted: false, isKey: true },
  numeric: { shownAs: 'numeric', encode: numericOf, isQuoted: false, isKey: false },
  real: { shownAs: 'real', encode: realOf, isQuoted: false, isKey: true },
  'double precision': { shownAs: 'double precision', encode: doubleOf, isQuoted: false, isKey: true },
  boolean: { shownAs: 'boolean', encode: booleanOf, isQuoted: false, isKey: true },
  date: { shownAs: 'date', encode: dateOf, isQuoted: true, isKey: true },
  timestamp: { shownAs: 'timestamp without time zone', encode: timestampOf, isQuoted: true, isKey: true },
  timestamptz: { shownAs: 'timestamp with time zone', encode: timestamptzOf, isQuoted: true, isKey: true },
  json: { shownAs: 'json', encode: jsonOf, isQuoted: true, isKey: false },
  jsonb: { shownAs: 'jsonb', encode: jsonOf, isQuoted: true, isKey: false },
  bytea: { shownAs: 'bytea', encode: bytesOf, isQuoted: true, isKey: true },
  uuid: { shownAs: 'uuid', encode: uuidOf, isQuoted: false, isKey: true },
}

export function isColumnType(name: unknown): name is ColumnType {
  return typeof name === 'string' && Object.hasOwn(COLUMN_TYPES, name)
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new Unfit(`${kindOf(value)}, not a string`)
  if (!isText(value)) throw new Unfit(whyNotText(value))
  return value
}

/** Half of a surrogate pair alone, or NUL: PostgreSQL's text holds neither. */
function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0')
}

function whyNotText(value: string): string {
  return value.includes('\0')
    ? 'a string with a NUL character, which PostgreSQL cannot hold'
    : 'a string with half a surrogate pair, which is no character and has no UTF-8'
}

/** Whole numbers below it fit, whatever their sign, and have no exponent in their text. */
const SURE = { 16: 2 ** 15, 32: 2 ** 31, 64: 2 ** 53 } as const
const LOWEST = { 16: -(2n ** 15n), 32: -(2n ** 31n), 64: -(2n ** 63n) } as const

function integerOf(value: unknown, bits: 16 | 32 | 64): string {
  if (typeof value === 'number') {
    if (!Number.isInteger(value)) throw new Unfit(`${value}, not a whole number`)
    if (Math.abs(value) < SURE[bits]) return String(value)
  } else if (typeof value !== 'bigint') throw new Unfit(`${kindOf(value)}, not a number`)
  const whole = BigInt(value)
  const lowest = LOWEST[bits]
  if (whole < lowest || whole >= -lowest) throw new Unfit(`${whole}, which does not fit ${bits} bits`)
  return String(whole)
}

const DECIMAL = /^[+-]?(?:\d{1,1000}(?:\.\d{0,1000})?|\.\d{1,1000})(?:[eE][+-]?\d{1,3})?$/

function numericOf(value: unknown): string {
  if (typeof value === 'bigint') {
    const digits = String(value)
    if (digits.length <= 1_000) return digits
  }
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value)
    if (Number.isNaN(value)) return 'NaN'
  }
  if (typeof value === 'string' && DECIMAL.test(value)) return value
  throw new Unfit(`${shown(value)}, not a decimal number of at most 1000 digits`)
}

function doubleOf(value: unknown): string {
  if (typeof value !== 'number') throw new Unfit(`${kindOf(value)}, not a number`)
  return String(value)
}

function realOf(value: unknown): string {
  const text = doubleOf(value)
  const single = Math.fround(Number(text))
  const isLost = !Number.isFinite(single) ? Number.isFinite(Number(text)) : single === 0 && Number(text) !== 0
  if (isLost) throw new Unfit(`${text}, which is beyond the range of real`)
  return String(single)
}

function booleanOf(value: unknown): string {
  if (typeof value !== 'boolean') throw new Unfit(`${kindOf(value)}, not a boolean`)
  return value ? 't' : 'f'
}

const DATE = /^\d{4}-\d\d-\d\d$/
const TIME =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$/

/** A Date (its day in UTC), or `YYYY-MM-DD`. */
function dateOf(value: unknown): string {
  if (typeof value === 'string' && DATE.test(value) && midnightOf(value) !== undefined) return value
  const text = value instanceof Date ? isoOf(value) : undefined
  if (text !== undefined) return text.slice(0, 10)
  throw new Unfit(`${shown(value)}, not a day of the years 1 to 9999 (a Date, or YYYY-MM-DD)`)
}

/** A Date or milliseconds since 1970 (in UTC), or RFC 3339 text without a zone. */
function timestampOf(value: unknown): string {
  const text = typeof value === 'string' ? instantOf(value, 'no zone') : instantText(value)
  if (text !== undefined) return text.slice(0, -1)
  const accepted = 'a Date, milliseconds since 1970 or RFC 3339 text without a zone'
  throw new Unfit(`${shown(value)}, not a time of the years 1 to 9999 (${accepted})`)
}

/** A Date, milliseconds since 1970, or RFC 3339 text with its zone. */
function timestamptzOf(value: unknown): string {
  const text = typeof value === 'string' ? instantOf(value, 'zone') : instantText(value)
  if (text !== undefined) return text
  const accepted = 'a Date, milliseconds since 1970 or RFC 3339 text with its zone'
  throw new Unfit(`${shown(value)}, not a time of the years 1 to 9999 (${accepted})`)
}

function instantText(value: unknown): string | undefined {
  return value instanceof Date || typeof value === 'number' ? isoOf(new Date(value)) : undefined
}

/** One text for one instant: in UTC, with microseconds. */
function instantOf(text: string, wanted: 'zone' | 'no zone'): string | undefined {
  const found = TIME.exec(text)
  if (found === null) return undefined
  const [, date = '', hour, minute, second, fraction = '', zone] = found
  const midnight = midnightOf(date)
  if (midnight === undefined || (zone === undefined) !== (wanted === 'no zone')) return undefined
  const minutes = Number(hour) * 60 + Number(minute) - offsetMinutesOf(zone)
  return isoOf(new Date(midnight + minutes * 60_000 + Number(second) * 1_000), fraction)
}

/** Of `YYYY-MM-DD`; undefined for a day that the calendar does not have. */
function midnightOf(date: string): number | undefined {
  const midnight = new Date(`${date}T00:00:00Z`)
  return isoOf(midnight)?.startsWith(date) ? midnight.getTime() : undefined
}

function offsetMinutesOf(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4))
  return zone.startsWith('-') ? -minutes : minutes
}

/** With microseconds: those of `fraction`, or the milliseconds of `instant`. */
function isoOf(instant: Date, fraction?: string): string | undefined {
  const year = instant.getUTCFullYear()
  if (!(year >= 1 && year <= 9_999)) return undefined
  const [seconds = '', milliseconds = ''] = instant.toISOString().slice(0, -1).split('.')
  return `${seconds}.${(fraction ?? milliseconds).padEnd(6, '0')}Z`
}

/** Escapes that JSON may have and jsonb may not: NUL, and surrogates (whole pairs are not written as escapes). */
const SUSPECT_ESCAPE = /\\u(?:0000|d[89a-f])/

function jsonOf(value: unknown): string {
  let text: string | undefined
  try {
    text = JSON.stringify(value)
  } catch (error) {
    throw new Unfit(`no JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (text === undefined) throw new Unfit(`${kindOf(value)}, which has no JSON`)
  if (SUSPECT_ESCAPE.test(text)) {
    JSON.parse(text, (key, inner: unknown) => {
      if (!isText(key)) throw new Unfit(`JSON that has ${whyNotText(key)}`)
      if (typeof inner === 'string' && !isText(inner)) throw new Unfit(`JSON that has ${whyNotText(inner)}`)
      return inner
    })
  }
  return text
}

function bytesOf(value: unknown): string {
  if (!(value instanceof Uint8Array)) throw new Unfit(`${kindOf(value)}, not a Uint8Array`)
  return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

function uuidOf(value: unknown): string {
  const text = typeof value === 'string' ? value.toLowerCase() : ''
  if (!UUID.test(text)) throw new Unfit(`${shown(value)}, not a UUID`)
  return text
}

function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' || typeof value === 'undefined' ? `${typeof value}` : `a ${typeof value}`
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : kindOf(value)
}
