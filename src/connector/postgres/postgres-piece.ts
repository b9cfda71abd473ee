import { errorInfoOf, RetakeError } from '../../kit/errors.js'
import { isCount, isText, listOf, misfitOf, type Shape } from '../../kit/shape.js'
import { arrayLiteral } from './array-literal.js'
import { COLUMN_TYPES, isColumnType } from './column-type.js'
import type { RowShape } from './postgres-statements.js'
import type { Row } from './row-encoder.js'

/** Rows ready to be written: one array literal a column. */
export interface PreparedRows {
  readonly shape: RowShape
  readonly rows: number
  readonly arrays: readonly string[]
}

export function preparedRows(shape: RowShape, rows: readonly Row[]): PreparedRows {
  const arrays = shape.columns.map(({ type }, index) =>
    arrayLiteral(rows, index, COLUMN_TYPES[type].isQuoted),
  )
  return { shape, rows: rows.length, arrays }
}

const VERSION = 1

/**
 * A staged piece as bytes: JSON, UTF-8, with its columns, types and key, because the job that restores it may be a
 * changed one and must write what was staged, as it was staged.
 */
export function encodePiece({ shape, rows, arrays }: PreparedRows): Uint8Array {
  const columns = shape.columns.map(({ name, type }) => [name, type])
  return Buffer.from(JSON.stringify({ version: VERSION, columns, key: shape.key, rows, arrays }))
}

/** Throws RT1203 for bytes that are no piece, RT1206 for what a newer version has staged. */
export function decodePiece(bytes: Uint8Array): PreparedRows {
  const piece = opened(bytes)
  if (piece.version !== VERSION) throw notUnderstood(`version ${piece.version}`)
  const misfit = misfitOf('piece', piece, PIECE)
  if (misfit !== undefined) throw damaged(`${misfit} is not what it must be`)
  const columns = piece.columns.map(([name, type]) => {
    if (!isColumnType(type)) throw notUnderstood(`type ${type} of column ${name}`)
    return { name, type }
  })
  const { key, rows, arrays } = piece
  if (arrays.length !== columns.length) throw damaged('it has not as many values as columns')
  if (!key.every((name) => columns.some((column) => column.name === name)))
    throw damaged('its key is of other columns')
  return { shape: { columns, key }, rows, arrays }
}

/** What is written, of this version. */
interface WrittenPiece {
  readonly version: number
  readonly columns: readonly (readonly [name: string, type: string])[]
  readonly key: readonly string[]
  readonly rows: number
  readonly arrays: readonly string[]
}

const PIECE: Shape = {
  columns: listOf((value) => listOf(isText)(value) === true && (value as unknown[]).length === 2),
  key: listOf(isText),
  rows: isCount,
  arrays: listOf(isText),
}

/** Of it nothing but the version is known. */
function opened(bytes: Uint8Array): WrittenPiece {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (misfitOf('piece', value, { version: isCount }) === undefined) return value as WrittenPiece
  } catch (error) {
    throw damaged(`it is not JSON (${errorInfoOf(error).message})`)
  }
  throw damaged('it has no version')
}

function damaged(why: string): RetakeError {
  return new RetakeError('RT1203', {
    what: 'staged rows of a PostgreSQL sink cannot be read',
    why,
    fix: 'start from an older checkpoint with --from-checkpoint, and look at the disk or the store',
  })
}

function notUnderstood(what: string): RetakeError {
  return new RetakeError('RT1206', {
    what: `staged rows of a PostgreSQL sink have ${what}`,
    why: 'a newer Retake has staged them',
    fix: 'restore with the Retake that took the checkpoint, or a newer one',
  })
}
