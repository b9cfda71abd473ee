import { isToken } from './ids.js'

/**
 * What plain data must look like that was read from outside, and where it does not. A shape names the fields that
 * somebody will read; others are let be, for a later version may have written them.
 */
export type Shape = Readonly<Record<string, Check>>

/** False, or a deeper path, where a value is not what it must be. */
export type Check = (value: unknown) => boolean | string

/** The path of the first thing in `value` that does not fit, beginning with `path`; undefined: all does. */
export function misfitOf(path: string, value: unknown, shape: Shape): string | undefined {
  if (!isFields(value)) return path
  for (const [name, check] of Object.entries(shape)) {
    const verdict = check(value[name])
    if (verdict !== true) return `${path}.${name}${verdict === false ? '' : verdict}`
  }
  return undefined
}

export function one(shape: Shape): Check {
  return (value) => misfitOf('', value, shape) ?? true
}

export function each(shape: Shape): Check {
  return listOf((value) => misfitOf('', value, shape) ?? true)
}

export function listOf(check: Check): Check {
  return (value) => {
    if (!Array.isArray(value)) return false
    for (const [index, item] of value.entries()) {
      const verdict = check(item)
      if (verdict !== true) return `[${index}]${verdict === false ? '' : verdict}`
    }
    return true
  }
}

/** An object whose names are anybody's. */
export function valuesOf(check: Check): Check {
  return (value) => isFields(value) && listOf(check)(Object.values(value))
}

export function optional(check: Check): Check {
  return (value) => value === undefined || check(value)
}

export function isFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** May stand in a subject and in the name of a blob. */
export function isTokenText(value: unknown): value is string {
  return typeof value === 'string' && isToken(value)
}

export function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

export function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

export function isInteger(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

export function isCount(value: unknown): value is number {
  return isInteger(value) && value >= 0
}

export function isPositive(value: unknown): value is number {
  return isInteger(value) && value > 0
}

/** Milliseconds since 1970, of a day that there is. */
export function isTime(value: unknown): value is number {
  return isNumber(value) && Math.abs(value) <= 8.64e15
}
