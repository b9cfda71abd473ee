/** `npm run bench`: what this machine, and this code, can do. `npm run bench -- --help` tells the rest. */
import { EXIT, type ExitCode } from '#src/cli/exit-code.js'
import { paletteFor } from '#src/cli/palette.js'
import { processTerminal } from '#src/cli/terminal.js'
import { UsageError } from '#src/cli/usage-error.js'
import { BENCHMARKS } from './benchmarks.js'
import { scale } from './scale.js'
import { compare } from './suite/compare-command.js'
import { helpText, listText } from './suite/help-text.js'
import { measure } from './suite/measure-command.js'
import { requestOf } from './suite/request.js'

const SURVEYS = [scale]

const terminal = processTerminal()
const palette = paletteFor({ isTerminal: process.stdout.isTTY, environment: process.env })
const interruption = new AbortController()

// At the first signal what is under way is disposed of; at the second only what is done at `exit` is done.
for (const [signal, status] of [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
] as const) {
  process.on(signal, () => {
    if (interruption.signal.aborted) process.exit(status)
    interruption.abort(status)
  })
}

process.exit(await main(process.argv.slice(2)))

async function main(args: readonly string[]): Promise<ExitCode> {
  try {
    return await answered(args)
  } catch (error) {
    if (interruption.signal.aborted) return interruption.signal.reason
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
      const context = { terminal, palette, signal: interruption.signal, command: args }
      return measure(request, BENCHMARKS.filter(isNamed), SURVEYS.filter(isNamed), context)
    }
  }
}

function namesOf(all: readonly { readonly name: string }[]): readonly string[] {
  return all.map(({ name }) => name)
}
