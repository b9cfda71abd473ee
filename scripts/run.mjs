/**
 * `node scripts/run.mjs dist/… args`: makes the checkout ready and runs one program of the build. The program has the
 * terminal to itself, hears what this process is told to do, and its exit code is ours.
 */
import { spawn } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { bootstrap, PROJECT, say } from './bootstrap.mjs'

/**
 * Runs a built program, and ends this process as it ended, after `atEnd`. `program` is a path below the project; `env`
 * is added to the environment; one that `isLeashed` ends even when this process is killed.
 */
export function run(program, args, { env = {}, isLeashed = false, atEnd = async () => {} } = {}) {
  const leash = isLeashed ? ['--import', pathToFileURL(join(PROJECT, 'dist/src/cli/leash.js')).href] : []
  const child = spawn(process.execPath, ['--enable-source-maps', ...leash, join(PROJECT, program), ...args], {
    stdio: isLeashed ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit',
    env: { ...process.env, ...env },
  })
  // At a terminal Ctrl-C reaches both; the program decides when to end, and this process waits for it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  const end = (code) => atEnd().finally(() => process.exit(code))
  child.on('error', (error) => {
    say(`retake: ${program} could not be started: ${error.message}`)
    end(1)
  })
  child.on('close', (code, signal) => end(code ?? 128 + (constants.signals[signal] ?? 0)))
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [program, ...args] = process.argv.slice(2)
  if (program === undefined) {
    say('usage: node scripts/run.mjs PROGRAM [ARGUMENT…]')
    process.exit(2)
  }
  bootstrap()
  run(program, args)
}
