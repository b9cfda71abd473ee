import { arrayElements } from './array-elements.js'
import { refusal } from './postgres-refusal.js'
import type { Comparison } from './sql-syntax.js'

/** A value inside the server: smallint and integer are numbers, bigint and counts are bigints. */
export type SqlValue = string | number | bigint | boolean | null | readonly SqlValue[]

export type SqlRow = Readonly<Record<string, SqlValue>>

const INTEGERS: Readonly<Record<string, { readonly bits: number; readonly isBig: boolean }>> = {
  smallint: { bits: 16, isBig: false },
  integer: { bits: 32, isBig: false },
  bigint: { bits: 64, isBig: true },
}

/**
 * `value` as `type` holds it. Whole numbers, floats and truth values are read; every other type keeps the text that it
 * was given, which tells equal values of a key apart as well as PostgreSQL does, because encoders write one text for them.
 */
export function cast(value: SqlValue, type: string): SqlValue {
  if (value === null) return null
  if (type.endsWith('[]')) {
    const elements = typeof value === 'string' ? arrayElements(value) : (value as readonly SqlValue[])
    return elements.map((element) => cast(element, type.slice(0, -2)))
  }
  const text = String(value)
  const integer = INTEGERS[type]
  if (integer !== undefined) {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) {
      throw refusal('22P02', `invalid input syntax for type ${type}: "${text}"`)
    }
    const whole = BigInt(text.trim().replace(/^\+/, ''))
    if (BigInt.asIntN(integer.bits, whole) !== whole) {
      throw refusal('22003', `value "${text}" is out of range for type ${type}`)
    }
    return integer.isBig ? whole : Number(whole)
  }
  if (type === 'double precision' || type === 'real') return Number(text)
  if (type === 'boolean') return /^t/i.test(text)
  return text
}

/** As `pg` hands a value out: what may be too large for a number is text. */
function handedOut(value: SqlValue): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

export function handedOutRow(row: SqlRow): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, handedOut(value)]))
}

/** NULL, so neither true nor false, as soon as one side is. Rows compare from left to right. */
export function compared(left: SqlValue, by: Comparison, right: SqlValue): boolean | null {
  const order = orderOf(left, right)
  if (order === null) return null
  switch (by) {
    case '=':
      return order === 0
    case '<>':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
  }
}

function orderOf(left: SqlValue, right: SqlValue): number | null {
  if (left === null || right === null) return null
  if (Array.isArray(left) && Array.isArray(right)) {
    for (const [index, value] of left.entries()) {
      const order = orderOf(value, right[index] ?? null)
      if (order !== 0) return order
    }
    return 0
  }
  const [a, b] = ofOneType(left, right)
  return a === b ? 0 : a < b ? -1 : 1
}

/** A parameter has the type of what it is compared with. */
function ofOneType(left: SqlValue, right: SqlValue): [string | bigint | number, string | bigint | number] {
  if (typeof left === 'string' && typeof right === 'string') return [left, right]
  if (typeof left === 'bigint' || typeof right === 'bigint') {
    return [cast(left, 'bigint') as bigint, cast(right, 'bigint') as bigint]
  }
  return [Number(left), Number(right)]
}
