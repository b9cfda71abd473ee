/** `npm run bench`: what this machine, and this code, can do. `npm run bench -- --help` tells the rest. */

import { EXIT, type ExitCode } from '#src/cli/exit-code.js'
import { paletteFor } from '#src/cli/palette.js'
import { processTerminal } from '#src/cli/terminal.js'
import { UsageError } from '#src/cli/usage-error.js'
import { SERVERS_ARE_REQUIRED } from '../test/support/availability.js'
import { BENCHMARKS } from './benchmarks.js'
import { scale } from './scale.js'
import { compare } from './suite/compare-command.js'
import { helpText, listText } from './suite/help-text.js'
import { Interruption } from './suite/interruption.js'
import { measure } from './suite/measure-command.js'
import { requestOf } from './suite/request.js'

const SURVEYS = [scale]

const terminal = processTerminal()
const palette = paletteFor({ isTerminal: process.stdout.isTTY, environment: process.env })
const interruption = new Interruption()

process.exit(await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    return await answered(args)
  } catch (error) {
    if (interruption.status !== undefined) return interruption.status
    if (!(error instanceof UsageError)) throw error
    terminal.talk(`${terminal.palette.bad('bench:')} ${error.message}\n       ${error.hint}`)
    return EXIT.usage
  }
}

async function answered(args: readonly string[]): Promise<ExitCode> {
  const request = requestOf(args, { benchmarks: namesOf(BENCHMARKS), others: namesOf(SURVEYS) })
  switch (request.kind) {
    case 'help':
      terminal.data(helpText())
      return EXIT.ok
    case 'list':
      terminal.data(listText([...BENCHMARKS, ...SURVEYS], palette))
      return EXIT.ok
    case 'compare':
      return compare(request, { terminal, palette })
    case 'run': {
      const isNamed = ({ name }: { name: string }) => request.names.includes(name)
      const context = {
        terminal,
        palette,
        interruption,
        command: args,
        areServersRequired: SERVERS_ARE_REQUIRED,
      }
      return measure(request, BENCHMARKS.filter(isNamed), SURVEYS.filter(isNamed), context)
    }
  }
}

function namesOf(all: readonly { readonly name: string }[]): readonly string[] {
  return all.map(({ name }) => name)
}
