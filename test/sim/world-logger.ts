import type { Logger } from '#src/kit/logger.js'
import type { Trace } from './trace.js'

/** What a process says goes into the trace; an error in its log is one that nobody expected. */
export class WorldLogger implements Logger {
  readonly #trace: Trace
  readonly #onError: (text: string) => void
  readonly #fields: Readonly<Record<string, unknown>>

  constructor(trace: Trace, onError: (text: string) => void, fields: Readonly<Record<string, unknown>> = {}) {
    this.#trace = trace
    this.#onError = onError
    this.#fields = fields
  }

  debug(): void {}

  info(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('log info', fields, message)
  }

  warn(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('log warn', fields, message)
  }

  error(fields: Readonly<Record<string, unknown>>, message: string): void {
    this.#add('log error', fields, message)
    this.#onError(
      `an error in the log of ${String(this.#fields.node)}: ${message} ${textOf({ ...this.#fields, ...fields })}`,
    )
  }

  with(fields: Readonly<Record<string, unknown>>): Logger {
    return new WorldLogger(this.#trace, this.#onError, { ...this.#fields, ...fields })
  }

  #add(event: string, fields: Readonly<Record<string, unknown>>, message: string): void {
    const trace = this.#trace
    trace.add(String(this.#fields.node ?? '?'), event, trace.isRead ? `${message} ${textOf(fields)}` : '')
  }
}

function textOf(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(fields, (name, value) => (name === 'stack' ? undefined : value)).slice(0, 600)
}
