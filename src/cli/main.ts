#!/usr/bin/env node
import { runCommandLine } from './command-line.js'
import { COMMANDS } from './commands.js'
import { EXIT } from './exit-code.js'
import { processTerminal } from './terminal.js'

// `retake plan job.ts | head`: whoever has read enough is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(EXIT.ok)
})

process.exitCode = await runCommandLine(process.argv.slice(2), COMMANDS, processTerminal(), process.env)
