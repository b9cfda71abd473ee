import { COLUMN_TYPES, type ColumnType } from '#src/connector/postgres/column-type.js'
import {
  decodePiece,
  encodePiece,
  type PreparedRows,
  preparedRows,
} from '#src/connector/postgres/postgres-piece.js'
import { damagedJson } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { chance, listOf, pick, text } from '../draw.js'

/** Rows that a PostgreSQL sink has staged, as a checkpoint keeps them. */
export const stagedPiece: Decoder<PreparedRows> = {
  name: 'staged-piece',
  sample(random) {
    const types = Object.keys(COLUMN_TYPES) as ColumnType[]
    const columns = ['id', ...listOf(random, 5, () => text(random, 8))].map((name, i) => ({
      name: `${name}${i}`,
      type: pick(random, types),
    }))
    const key = chance(random, 0.5) ? ['id0'] : []
    const rows = listOf(random, 20, () => columns.map(() => (chance(random, 0.2) ? null : text(random))))
    const value = preparedRows({ columns, key }, rows)
    return { bytes: new Uint8Array(encodePiece(value)), value }
  },
  decode: decodePiece,
  isRefusal: refusedWith('RT1203', 'RT1206'),
  damage: (random, { bytes }) => damagedJson(random, JSON.parse(new TextDecoder().decode(bytes))),
  faultOf({ shape, rows, arrays }) {
    const isTexts = (list: readonly unknown[]) => list.every((one) => typeof one === 'string')
    if (!Number.isSafeInteger(rows) || rows < 0) return `a piece of ${rows} rows`
    if (arrays.length !== shape.columns.length || !isTexts(arrays))
      return 'a piece with columns that have no values'
    const names = shape.columns.map(({ name }) => name)
    return isTexts(names) && shape.key.every((name) => names.includes(name))
      ? undefined
      : 'a piece with a key of no columns'
  },
}
