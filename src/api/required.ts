import { placed, RetakeError } from '../kit/errors.js'
import { asynchronous } from '../operator/user-code.js'

/** Checks of what a factory was given, where types cannot: a parameter that is empty, a plain JavaScript caller. */
export function requiredText(factory: string, option: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value
  throw missing(factory, option, value)
}

/** Several texts, as an array or separated by commas. */
export function requiredTexts(factory: string, option: string, value: unknown): readonly string[] {
  const listed = typeof value === 'string' ? value.split(',').map((text) => text.trim()) : value
  const isList = Array.isArray(listed) && listed.length > 0
  if (isList && listed.every((text) => typeof text === 'string' && text !== '')) return listed
  throw missing(factory, option, value)
}

/** A whole number from `lowest` on. */
export function requiredWhole(factory: string, option: string, value: unknown, lowest: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= lowest) return value as number
  const wanted = lowest === Number.MIN_SAFE_INTEGER ? 'a whole number' : `a whole number from ${lowest} on`
  throw wrongOption(factory, option, value, wanted)
}

/** What a sink promises. */
export function requiredGuarantee(factory: string, value: unknown): 'exactly-once' | 'at-least-once' {
  if (value === 'exactly-once' || value === 'at-least-once') return value
  throw wrongOption(factory, 'guarantee', value, '"exactly-once" or "at-least-once"')
}

/**
 * Throws RT1011 unless `given`, what the user gave to `method`, is a function, and RT1603 for an async one: what it
 * returns would be a promise, which to a filter is as good as true.
 */
export function requiredFunction(method: string, given: unknown, where: string): void {
  if (Object.prototype.toString.call(given) === '[object AsyncFunction]') {
    throw asynchronous({ operator: method, where })
  }
  if (typeof given === 'function') return
  throw new RetakeError('RT1011', {
    what: `${method} was called with ${given === null ? 'null' : `a value of type ${typeof given}`}`,
    why: 'it takes a function',
    fix: `give ${method} a function`,
    where,
  })
}

const ENDS = {
  source: 'a source, as kafka.source({ … }) makes one',
  sink: 'a sink, as postgres.sink({ … }) makes one',
} as const

/** Throws RT1012 unless `given`, what the user gave to `method`, is such an end: what a factory of a connector makes. */
export function requiredEnd(method: string, end: keyof typeof ENDS, given: unknown, where: string): void {
  const isEnd = typeof given === 'object' && given !== null && 'connector' in given
  if (isEnd && 'guarantee' in given === (end === 'sink')) return
  throw placed(wrongOption(method, end, isEnd ? given.connector : given, ENDS[end]), where)
}

/** `options` as a connector's node half gets them: dates as milliseconds, without what is not given. */
export function plainData(options: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options)
      .filter(([, option]) => option !== undefined)
      .map(([name, option]) => [name, plain(option)]),
  )
}

function plain(option: unknown): unknown {
  if (option instanceof Date) return option.getTime()
  if (Array.isArray(option)) return option.map(plain)
  return typeof option === 'object' && option !== null ? plainData(option) : option
}

function missing(factory: string, option: string, value: unknown): RetakeError {
  return wrongOption(factory, option, value, 'a text that is not empty')
}

export function wrongOption(factory: string, option: string, value: unknown, wanted: string): RetakeError {
  return new RetakeError('RT1012', {
    what: `${factory} was called with ${option}: ${JSON.stringify(value) ?? String(value)}`,
    why: `${option} must be ${wanted}`,
    fix: `give ${factory} its ${option}`,
  })
}
