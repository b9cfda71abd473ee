import { spawn } from 'node:child_process'
import { accessSync, constants, realpathSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface CommandOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  readonly uid?: number
  readonly gid?: number
  readonly timeoutMs?: number
}

export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end. A program that cannot be started, or not in time, has code -1 and says so on stderr. */
export function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const { timeoutMs = 60_000, ...rest } = options
  return new Promise((resolve) => {
    const child = spawn(program, args, { ...rest, stdio: ['ignore', 'pipe', 'pipe'] })
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    const timer = setTimeout(() => {
      stderr.push(Buffer.from(`\n${program} did not end within ${timeoutMs} ms`))
      child.kill('SIGKILL')
    }, timeoutMs)
    const settle = (code: number) => {
      clearTimeout(timer)
      resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() })
    }
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.on('error', (error) => {
      stderr.push(Buffer.from(error.message))
      settle(-1)
    })
    child.on('close', (code) => settle(code ?? -1))
  })
}

/** Runs a program that must succeed; the error tells what it said last. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options)
  if (code === 0) return stdout
  throw new Error(`${program} ${args[0] ?? ''} ended with ${code}: ${lastLine(stderr) || lastLine(stdout)}`)
}

/** The full path of a program on PATH (and in the folders given after it), without links. */
export function findProgram(name: string, alsoIn: readonly string[] = []): string | undefined {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), ...alsoIn]) {
    if (folder === '') continue
    try {
      const path = join(folder, name)
      accessSync(path, constants.X_OK)
      return realpathSync(path)
    } catch {
      // not here
    }
  }
  return undefined
}

export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? ''
}
