import type { Command } from './command.js'
import { didYouMean } from './did-you-mean.js'
import { UsageError } from './usage-error.js'

/** Throws a UsageError that names the one that was probably meant. */
export function commandNamed(name: string, commands: readonly Command[]): Command {
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command
  const names = commands.map((candidate) => candidate.name)
  const meant = didYouMean(name, names)
  throw new UsageError(
    `there is no command ${JSON.stringify(name)}`,
    meant === undefined ? `there are ${names.join(', ')}` : `did you mean "${meant}"?`,
  )
}
