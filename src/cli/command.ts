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
  /** The heading it stands below in the overview, with others; the usual one unless said. */
  readonly group?: string
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
  /** One letter: `-o json`. */
  readonly short?: string
  readonly value?: string
  readonly isRepeatable?: true
  readonly choices?: readonly string[]
  readonly summary: string
  /** This variable of the environment counts where the option is not given. */
  readonly environment?: string
  /** The heading it stands below in the help, with others. */
  readonly group?: string
}

/** Variables of the process. */
export type Environment = Readonly<Record<string, string | undefined>>
