import type { LogFields, Logger } from '#src/kit/logger.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** A line as it crosses from a slot's thread to its process. */
export interface LogLine {
  readonly level: LogLevel
  readonly fields: LogFields
  readonly message: string
}

/** Writes by sending each line to whoever writes for this thread. Fields that cannot be cloned are sent as text. */
export class PortLogger implements Logger {
  readonly #send: (line: LogLine) => void
  readonly #fields: LogFields

  constructor(send: (line: LogLine) => void, fields: LogFields = {}) {
    this.#send = send
    this.#fields = fields
  }

  debug(fields: LogFields, message: string): void {
    this.#write('debug', fields, message)
  }

  info(fields: LogFields, message: string): void {
    this.#write('info', fields, message)
  }

  warn(fields: LogFields, message: string): void {
    this.#write('warn', fields, message)
  }

  error(fields: LogFields, message: string): void {
    this.#write('error', fields, message)
  }

  with(fields: LogFields): Logger {
    return new PortLogger(this.#send, { ...this.#fields, ...fields })
  }

  #write(level: LogLevel, fields: LogFields, message: string): void {
    const all = { ...this.#fields, ...fields }
    try {
      this.#send({ level, fields: all, message })
    } catch {
      const texts = Object.fromEntries(Object.entries(all).map(([name, value]) => [name, String(value)]))
      this.#send({ level, fields: texts, message })
    }
  }
}
