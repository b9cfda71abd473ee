import { pino } from 'pino'
import type { ErrorInfo } from '../kit/errors.js'
import type { LogFields, Logger } from '../kit/logger.js'
import { userPlaceIn } from '../kit/stack-frames.js'

export type LogFormat = 'text' | 'json'
export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LogOptions {
  readonly level: LogLevel
  /** 'json': pino's own lines, for machines. 'text': a line for people. */
  readonly format: LogFormat
  readonly write: (line: string) => void
}

type PinoLogger = ReturnType<typeof pino>

/** The node's logger: pino writes, this gives it our shape. The only file that knows pino. */
export function pinoLogger({ level, format, write }: LogOptions): Logger {
  const destination = { write: format === 'json' ? write : (line: string) => write(textOf(line)) }
  return new PinoAdapter(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination))
}

class PinoAdapter implements Logger {
  readonly #pino: PinoLogger

  constructor(logger: PinoLogger) {
    this.#pino = logger
  }

  debug(fields: LogFields, message: string): void {
    this.#pino.debug(fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#pino.info(fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#pino.warn(fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#pino.error(fields, message)
  }

  with(fields: LogFields): Logger {
    return new PinoAdapter(this.#pino.child(fields))
  }
}

const LEVEL_NAMES: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' }

/** `12:00:05.123 warn  message  key=value …` */
function textOf(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>
  const at = String(time).slice(11, 23)
  const pairs = Object.entries(fields).map(([name, value]) => `${name}=${valueText(value)}`)
  return `${[at, (LEVEL_NAMES[Number(level)] ?? 'info').padEnd(5), msg, ...pairs].join(' ')}\n`
}

function valueText(value: unknown): string {
  if (typeof value === 'string') return /\s/.test(value) ? JSON.stringify(value) : value
  if (typeof value === 'object' && value !== null) {
    if ('message' in value) return JSON.stringify(errorText(value as ErrorInfo))
    // Why an actor ended.
    if ('error' in value) return valueText(value.error)
  }
  return JSON.stringify(value)
}

/** On one line, with the user's own line that it comes from. */
function errorText(error: ErrorInfo): string {
  const place = userPlaceOf(error)
  return place === undefined ? error.message : `${error.message}, at ${place}`
}

/** The line that threw, or the call of the operator that it threw in. */
function userPlaceOf({ code, where, stack, cause }: ErrorInfo): string | undefined {
  const below = cause === undefined ? undefined : userPlaceOf(cause)
  return below ?? (code === undefined ? userPlaceIn(stack) : where)
}
