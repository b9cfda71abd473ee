import type { Command, RunCommand } from './command.js'
import { commandNamed } from './command-named.js'
import { EXIT } from './exit-code.js'
import { commandText, overviewText } from './help-text.js'

export function helpCommand(commands: readonly Command[]): RunCommand {
  return async (invocation, terminal) => {
    const name = invocation.optionalArgument(0)
    terminal.data(name === undefined ? overviewText(commands) : commandText(commandNamed(name, commands)))
    return EXIT.ok
  }
}
