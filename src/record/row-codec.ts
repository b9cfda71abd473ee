/// <reference lib="es2024.string" />
import { asciiText } from '../kit/ascii-text.js'
import { type ObjectMaker, objectMaker } from '../kit/object-maker.js'
import { isPlainRow } from './plain-row.js'

/**
 * Rows as bytes: plain objects that all have the same fields, whose values are texts, numbers, booleans, null and
 * undefined. That is what most streams are made of, and it takes less than half the time of the general codec
 * (`value-codec.ts`), to which it leaves all else. A value comes back as it would from there.
 *
 *     u8   number of fields, 1 to 255; for each: u8 length of its name, and the name in UTF-8
 *     …    row after row, its values in the order of the fields, each with a tag (those of msgpack):
 *
 *          00 … 7f  the number itself        c0 c1  null, undefined     d2  i32
 *          a0 … bf  an ASCII text of 0 … 31  c2 c3  false, true         cb  f64
 *          da  u16, an ASCII text            db  u32, a text in UTF-8
 *
 * Numbers are little-endian.
 */

/**
 * The bytes of `records`: a view (a Buffer, whose own `slice` is one, too) that the next call overwrites. Undefined: they
 * are no rows of one kind.
 */
export function encodeRows(records: readonly unknown[]): Uint8Array | undefined {
  const [first] = records
  if (!isPlainRow(first)) return undefined
  const names = Object.keys(first)
  let at = writeNames(names)
  for (let i = 0; i < records.length && at > 0; i++) at = writeRow(records[i], names, at)
  return at > 0 ? scratch.subarray(0, at) : undefined
}

/** Throws (anything) for bytes that `encodeRows` did not write. What it returns shares no memory with `bytes`. */
export function decodeRows(bytes: Uint8Array, count: number): unknown[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { make, values, end } = shapeOf(body)
  const fields = values.length
  const rows: unknown[] = []
  cursor = end
  for (let i = 0; i < count; i++) {
    for (let field = 0; field < fields; field++) values[field] = readValue(body)
    if (cursor > body.length) throw new RangeError('a row ends in its frame')
    rows.push(make(values))
  }
  if (cursor !== body.length) throw new RangeError('a frame ends with its last row')
  return rows
}

/**
 * Rows without names, out of columns: of each of `positions` its key, which stands beside the columns, and what stands
 * there in each of them. A text that is the key once more is one byte, c4: a row mostly has its key in a field. A view,
 * as above. Undefined: a value is none that rows have.
 * @param keys one for each of `positions`
 */
export function encodeColumns(
  keys: readonly unknown[],
  columns: readonly (readonly unknown[])[],
  positions: readonly number[],
): Uint8Array | undefined {
  let at = 0
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!
    const key = keys[i]
    at = writeValue(key, at, columns.length)
    for (let left = columns.length; left > 0 && at >= 0; left--) {
      const value = columns[columns.length - left]![position]
      if (value === key && typeof key === 'string') scratch[at++] = KEY
      else at = writeValue(value, at, left - 1)
    }
    if (at < 0) return undefined
  }
  return scratch.subarray(0, at)
}

/** As many columns, keys the first of them, as `encodeColumns` wrote. Throws (anything) for other bytes. */
export function decodeColumns(bytes: Uint8Array, width: number, count: number): unknown[][] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const columns = Array.from({ length: width }, (): unknown[] => [])
  cursor = 0
  for (let i = 0; i < count; i++) {
    const key = readValue(body)
    columns[0]!.push(key)
    for (let column = 1; column < width; column++) {
      const isKey = body[cursor] === KEY
      if (isKey) cursor += 1
      columns[column]!.push(isKey ? key : readValue(body))
    }
    if (cursor > body.length) throw new RangeError('a row ends in its bytes')
  }
  if (cursor !== body.length) throw new RangeError('bytes end with their last row')
  return columns
}

const [NULL, UNDEFINED, FALSE, TRUE] = [0xc0, 0xc1, 0xc2, 0xc3]
/** Of columns only. */
const KEY = 0xc4
const [I32, F64, SHORT_ASCII, ASCII, UTF8] = [0xd2, 0xcb, 0xa0, 0xda, 0xdb]
const SHORT_MAX = 31
const FIELDS_MAX = 255
const NAME_BYTES_MAX = 255
/** What a value takes at most, but for the letters of a text. */
const VALUE_BYTES = 9
/** Rows of more bytes than any frame may have are split, or refused, by whoever had them encoded. */
const SCRATCH_BYTES_MAX = 4 * 1024 * 1024

let scratch: Buffer = Buffer.allocUnsafeSlow(64 * 1024)
const float = new Float64Array(1)
const floatBytes = new Uint8Array(float.buffer)

/** Where the names end; -1: they cannot be those of rows. */
function writeNames(names: readonly string[]): number {
  if (names.length === 0 || names.length > FIELDS_MAX) return -1
  let at = 0
  scratch[at++] = names.length
  for (const name of names) {
    const length = Buffer.byteLength(name)
    if (length > NAME_BYTES_MAX || name === '__proto__' || !name.isWellFormed()) return -1
    if (!hasRoom(at, length + 1)) return -1
    scratch[at++] = length
    at += scratch.write(name, at)
  }
  return at
}

/** Where the row ends; -1: it has other fields than the first one, or a value of another kind. */
function writeRow(record: unknown, names: readonly string[], start: number): number {
  if (!isPlainRow(record)) return -1
  let at = start
  let field = 0
  for (const name in record) {
    if (name !== names[field]) return -1
    field += 1
    at = writeValue(record[name], at, names.length - field)
    if (at < 0) return -1
  }
  return field === names.length ? at : -1
}

/**
 * Where the value ends; -1: it is none that rows have, or there is no room.
 * @param left how many values of the row come behind it, for which there must be room
 */
function writeValue(value: unknown, start: number, left: number): number {
  if (!hasRoom(start, (left + 1) * VALUE_BYTES)) return -1
  switch (typeof value) {
    case 'number':
      return writeNumber(value, start)
    case 'string':
      return hasRoom(start, value.length * 3 + (left + 1) * VALUE_BYTES) ? writeText(value, start) : -1
    case 'boolean':
      scratch[start] = value ? TRUE : FALSE
      return start + 1
    case 'undefined':
      scratch[start] = UNDEFINED
      return start + 1
    default:
      if (value !== null) return -1
      scratch[start] = NULL
      return start + 1
  }
}

function writeNumber(value: number, start: number): number {
  const bytes = scratch
  const whole = value | 0
  if (whole !== value) {
    float[0] = value
    bytes[start] = F64
    bytes.set(floatBytes, start + 1)
    return start + 9
  }
  if (whole >= 0 && whole < 0x80) {
    bytes[start] = whole
    return start + 1
  }
  bytes[start] = I32
  bytes[start + 1] = whole
  bytes[start + 2] = whole >> 8
  bytes[start + 3] = whole >> 16
  bytes[start + 4] = whole >> 24
  return start + 5
}

/** As ASCII, unless a letter shows that it is not. A short one is written here, as `asciiText` reads it. */
function writeText(text: string, start: number): number {
  const { length } = text
  if (length > SHORT_MAX) return writeLongText(text, start)
  const bytes = scratch
  let at = start
  let seen = 0
  bytes[at++] = SHORT_ASCII | length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    seen |= code
    bytes[at++] = code
  }
  return seen > 0x7f ? writeUtf8(text, start) : at
}

function writeLongText(text: string, start: number): number {
  const { length } = text
  if (length > 0xffff) return writeUtf8(text, start)
  const bytes = scratch.write(text, start + 3)
  if (bytes > length) return writeUtf8(text, start)
  scratch[start] = ASCII
  scratch[start + 1] = length
  scratch[start + 2] = length >> 8
  return start + 3 + length
}

function writeUtf8(text: string, start: number): number {
  const bytes = scratch.write(text, start + 5)
  scratch[start] = UTF8
  scratch.writeUInt32LE(bytes, start + 1)
  return start + 5 + bytes
}

function hasRoom(at: number, bytes: number): boolean {
  if (at + bytes <= scratch.length) return true
  if (at + bytes > SCRATCH_BYTES_MAX) return false
  const grown = Buffer.allocUnsafeSlow(Math.min(SCRATCH_BYTES_MAX, Math.max(at + bytes, scratch.length * 2)))
  scratch.copy(grown, 0, 0, at)
  scratch = grown
  return true
}

/** Where the next value is read: a field of the module, so that a value costs no pair of itself and its end. */
let cursor = 0

function readValue(body: Buffer): unknown {
  const tag = body[cursor++]!
  if (tag < 0x80) return tag
  if (tag >= SHORT_ASCII && tag <= (SHORT_ASCII | SHORT_MAX)) return readText(body, tag & SHORT_MAX)
  switch (tag) {
    case NULL:
      return null
    case UNDEFINED:
      return undefined
    case FALSE:
      return false
    case TRUE:
      return true
    case I32:
      cursor += 4
      return body.readInt32LE(cursor - 4)
    case F64:
      cursor += 8
      return body.readDoubleLE(cursor - 8)
    case ASCII:
      cursor += 2
      return readText(body, body.readUInt16LE(cursor - 2))
    case UTF8: {
      cursor += 4
      const length = body.readUInt32LE(cursor - 4)
      cursor += length
      return body.toString('utf8', cursor - length, cursor)
    }
    default:
      throw new RangeError(`no value of a row has the tag ${tag}`)
  }
}

function readText(body: Buffer, length: number): string {
  cursor += length
  return asciiText(body, cursor - length, cursor)
}

interface Shape {
  readonly make: ObjectMaker
  /** As long as a row has fields: where its values are gathered. */
  readonly values: unknown[]
  /** Where the names end. */
  readonly end: number
}

/** By the bytes of their names. A job has few; should there be many, all are learned again. */
const shapes = new Map<string, Shape>()
const SHAPES_MAX = 256

function shapeOf(body: Buffer): Shape {
  let end = 1
  for (let left = body[0] ?? 0; left > 0; left--) end += 1 + (body[end] ?? 0)
  if (end === 1 || end > body.length) throw new RangeError('rows have names')
  const spelled = body.toString('latin1', 0, end)
  const known = shapes.get(spelled)
  if (known !== undefined) return known
  const names: string[] = []
  for (let at = 1; at < end; ) {
    const length = body[at++]!
    names.push(body.toString('utf8', at, at + length))
    at += length
  }
  if (names.includes('__proto__') || new Set(names).size < names.length)
    throw new RangeError('each name is that of one field')
  if (shapes.size === SHAPES_MAX) shapes.clear()
  const shape: Shape = { make: objectMaker(names), values: new Array(names.length).fill(undefined), end }
  shapes.set(spelled, shape)
  return shape
}
