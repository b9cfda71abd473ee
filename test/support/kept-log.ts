import type { LogFields, Logger } from '#src/kit/logger.js'

export interface KeptLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: LogFields
  readonly message: string
}

/** A logger whose lines can be looked at. */
export class KeptLog implements Logger {
  readonly lines: KeptLine[]
  readonly #bound: LogFields

  constructor(lines: KeptLine[] = [], bound: LogFields = {}) {
    this.lines = lines
    this.#bound = bound
  }

  debug(fields: LogFields, message: string): void {
    this.#keep('debug', fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#keep('info', fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#keep('warn', fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#keep('error', fields, message)
  }

  with(fields: LogFields): Logger {
    return new KeptLog(this.lines, { ...this.#bound, ...fields })
  }

  #keep(level: KeptLine['level'], fields: LogFields, message: string): void {
    this.lines.push({ level, fields: { ...this.#bound, ...fields }, message })
  }
}
