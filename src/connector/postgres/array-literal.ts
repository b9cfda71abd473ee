import type { Row } from './row-encoder.js'

const ESCAPED = /["\\]/g
const NEEDS_ESCAPE = /["\\]/

/**
 * One column of `rows` as PostgreSQL reads an array: `{"a","b\"c",NULL}`. A statement has one such parameter a column,
 * however many rows it writes.
 */
export function arrayLiteral(rows: readonly Row[], column: number, isQuoted: boolean): string {
  let literal = '{'
  for (let i = 0; i < rows.length; i++) {
    if (i > 0) literal += ','
    const text = rows[i]![column]
    if (text === null || text === undefined) literal += 'NULL'
    else if (!isQuoted) literal += text
    else literal += NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPED, '\\$&')}"` : `"${text}"`
  }
  return `${literal}}`
}
