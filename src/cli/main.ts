#!/usr/bin/env node
import { runCommandLine } from './command-line.js'
import { COMMANDS } from './commands.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { processTerminal } from './terminal.js'

// `retake plan job.ts | head`: whoever has read enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})

const code = await runCommandLine(process.argv.slice(2), COMMANDS, processTerminal(), process.env)
process.exitCode = code
// A dial that was given up leaves its socket behind, for which Node would wait until a frozen server goes on.
const MAY_HANG: readonly ExitCode[] = [EXIT.unreachable, EXIT.unhealthy]
if (MAY_HANG.includes(code)) {
  const flushed = [process.stdout, process.stderr].map(
    (stream) => new Promise((resolve) => stream.write('', resolve)),
  )
  await Promise.all(flushed)
  process.exit(code)
}
