import { RetakeError } from '../../kit/errors.js'
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

export function decodePiece(bytes: Uint8Array): PreparedRows {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
  const piece = JSON.parse(text) as {
    version: number
    columns: [string, string][]
    key: string[]
    rows: number
    arrays: string[]
  }
  if (piece.version !== VERSION) throw notUnderstood(`version ${piece.version}`)
  const columns = piece.columns.map(([name, type]) => {
    if (!isColumnType(type)) throw notUnderstood(`type ${type} of column ${name}`)
    return { name, type }
  })
  return { shape: { columns, key: piece.key }, rows: piece.rows, arrays: piece.arrays }
}

function notUnderstood(what: string): RetakeError {
  return new RetakeError('RT1206', {
    what: `staged rows of a PostgreSQL sink have ${what}`,
    why: 'a newer Retake has staged them',
    fix: 'restore with the Retake that took the checkpoint, or a newer one',
  })
}
