import type { ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import type { Terminal } from './terminal.js'

/**
 * What a command is, as data: the parser, the help and the suggestions are made of it, and nothing is said about a
 * command anywhere else. Its code is loaded when it is run, so that `retake help` loads none.
 */
export interface Command {
  readonly name: string
  /** One line. */
  readonly summary: string
  readonly examples: readonly Example[]
  readonly arguments: readonly Argument[]
  readonly options: readonly Option[]
  /** Paragraphs below the options. */
  readonly notes?: readonly string[]
  load(): Promise<RunCommand>
}

export type RunCommand = (invocation: Invocation, terminal: Terminal) => Promise<ExitCode>

export interface Example {
  readonly line: string
  readonly what: string
}

export interface Argument {
  readonly name: string
  readonly summary: string
  readonly isOptional?: true
}

/** `value` names what it takes, in capitals; without one it is a switch. */
export interface Option {
  readonly name: string
  readonly value?: string
  readonly isRepeatable?: true
  readonly choices?: readonly string[]
  readonly summary: string
}
