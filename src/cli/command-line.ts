import { errorInfoOf, isRetakeError } from '../kit/errors.js'
import type { Command, Environment } from './command.js'
import { commandNamed } from './command-named.js'
import { errorLines } from './error-text.js'
import { EXIT, type ExitCode, exitCodeOf } from './exit-code.js'
import { commandText, overviewText } from './help-text.js'
import { parseInvocation } from './invocation.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/** Runs one command line to its end. Whatever goes wrong is told on the terminal; the answer is the exit code. */
export async function runCommandLine(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  environment: Environment = {},
): Promise<ExitCode> {
  try {
    return await runCommand(args, commands, terminal, environment)
  } catch (error) {
    for (const line of refusal(error, terminal)) terminal.talk(line)
    return exitCodeOf(error)
  }
}

async function runCommand(
  args: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  environment: Environment,
): Promise<ExitCode> {
  const [first, ...rest] = args
  if (first === undefined) {
    terminal.talk(overviewText(commands).trimEnd())
    return EXIT.usage
  }
  if (isHelp(first)) {
    terminal.data(overviewText(commands))
    return EXIT.ok
  }
  const command = commandNamed(first === '--version' ? 'version' : first, commands)
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.some(isHelp)) {
    terminal.data(commandText(command))
    return EXIT.ok
  }
  const invocation = parseInvocation(command, rest, environment)
  const run = await command.load()
  return run(invocation, terminal)
}

function isHelp(argument: string): boolean {
  return argument === '--help' || argument === '-h'
}

function refusal(error: unknown, { palette }: Terminal): string[] {
  if (error instanceof UsageError) {
    return [`${palette.bad('retake:')} ${error.message}`, `        ${error.hint}`]
  }
  if (isRetakeError(error)) return errorLines(errorInfoOf(error), palette)
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  return [
    palette.bad('retake: internal error'),
    ...stack.split('\n').map((line) => `  ${line}`),
    'This is a bug of Retake. Please report it with the lines above and the command that you typed.',
  ]
}
