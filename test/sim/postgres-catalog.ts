import { COLUMN_TYPES, isColumnType } from '#src/connector/postgres/column-type.js'
import {
  DESCRIBE_COLUMNS,
  DESCRIBE_UNIQUE_KEYS,
  FIND_TABLE,
} from '#src/connector/postgres/postgres-statements.js'
import type { SqlDatabase } from './sql-database.js'
import type { SqlTable } from './sql-table.js'

type CatalogRow = Readonly<Record<string, unknown>>

/** What the sink asks of the catalog: known by its text, word for word, because nobody needs those joins here. */
const QUESTIONS: Readonly<
  Record<string, (database: SqlDatabase, values: readonly unknown[]) => CatalogRow[]>
> = {
  [FIND_TABLE](database, [schema, table]) {
    const found = database.table(`${schema}.${table}`)
    return found === undefined ? [] : [{ oid: String(found.oid), kind: 'r' }]
  },
  [DESCRIBE_COLUMNS]: (database, [oid]) => database.tableOf(oid).columns.map(described),
  [DESCRIBE_UNIQUE_KEYS](database, [oid]) {
    const { key, columns } = database.tableOf(oid)
    const ordered = columns.map(({ name }) => name).filter((name) => key.includes(name))
    return key.length === 0 ? [] : [{ columns: ordered }]
  },
}

/** Undefined when `text` asks for something else. */
export function catalogAnswer(
  database: SqlDatabase,
  text: string,
  values: readonly unknown[],
): CatalogRow[] | undefined {
  return QUESTIONS[text]?.(database, values)
}

function described({ name, type, isNotNull, isNumbered }: SqlTable['columns'][number]): CatalogRow {
  const shownAs = isColumnType(type) ? COLUMN_TYPES[type].shownAs : type
  return {
    name,
    type: shownAs,
    fullType: shownAs,
    modifier: -1,
    isNotNull,
    hasDefault: isNumbered,
    isGenerated: false,
    isDeterministic: true,
  }
}
