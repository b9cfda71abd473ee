import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { Guard } from '../support/guard.js'
import { PROJECT } from '../support/project.js'

/** What of a clone the commands of a page look for. */
const CLONE = ['actors', 'dist', 'docs', 'examples', 'node_modules', 'package.json', 'scripts', 'src', 'test']

/** A command that stays has begun its work, or has nothing more to say. */
const READY = /Server is ready|✔ ready after|✔ running|✔ FINISHED/
const READY_MS = 60_000

export interface Answer {
  readonly code: number | null
  /** Lines of stdout and stderr, as they came. */
  readonly said: readonly string[]
}

export interface PageTerminalOptions {
  /** An empty folder, which becomes like a clone. */
  readonly folder: string
  /** What stands on the page, and what is there instead. */
  readonly instead: ReadonlyMap<string, string>
  readonly env: Readonly<Record<string, string>>
  /** Folders with programs, before those on PATH. */
  readonly programs: readonly string[]
}

/**
 * The shell of somebody who goes through a page, in a folder that looks like a clone. What one block defines and exports, the
 * next one has. `retake` is there, as where the package is installed.
 */
export class PageTerminal {
  readonly #options: PageTerminalOptions
  readonly #env: NodeJS.ProcessEnv
  readonly #open: { readonly shell: ChildProcess; readonly guard: Guard }[] = []

  constructor(options: PageTerminalOptions) {
    const { folder, env, programs } = options
    this.#options = options
    const bin = join(folder, '.bin')
    for (const name of CLONE) symlinkSync(join(PROJECT, name), join(folder, name))
    mkdirSync(bin)
    writeFileSync(join(bin, 'retake'), `#!/bin/sh\nexec "${process.execPath}" dist/src/cli/main.js "$@"\n`)
    chmodSync(join(bin, 'retake'), 0o755)
    const path = [bin, ...programs, process.env.PATH].join(delimiter)
    this.#env = { ...process.env, ...env, NO_COLOR: '1', PATH: path, SESSION: join(folder, '.session') }
  }

  save(name: string, text: string): void {
    writeFileSync(join(this.#options.folder, name), text)
  }

  /** Types a whole block, and waits for its end. */
  async type(block: string): Promise<Answer> {
    const shell = this.#shell(`trap 'declare -f > "$SESSION"; export -p >> "$SESSION"' EXIT\n${block}`)
    const said: string[] = []
    createInterface({ input: shell.stdout! }).on('line', (line) => said.push(line))
    const [code] = (await once(shell, 'close')) as [number | null]
    return { code, said }
  }

  /** Opens a terminal for each line of a block, each when the one before is ready. */
  async stay(block: string): Promise<void> {
    const lines = block.replaceAll('\\\n', ' ').split('\n').filter(Boolean)
    for (const line of lines) await this.#stay(line)
  }

  async close(): Promise<void> {
    for (const { shell, guard } of this.#open.reverse()) {
      const ended = shell.exitCode === null && shell.signalCode === null ? once(shell, 'close') : undefined
      kill(shell, 'SIGKILL')
      await ended
      guard.dismiss()
    }
  }

  async #stay(line: string): Promise<void> {
    const shell = this.#shell(line)
    this.#open.push({ shell, guard: new Guard({ pid: shell.pid!, abortSignal: 'SIGKILL' }) })
    const said: string[] = []
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`"${line}" ${why}:\n${said.join('\n')}`))
      const timer = setTimeout(() => fail(`is not ready after ${READY_MS} ms`), READY_MS)
      shell.once('close', (code) => fail(`ended with ${code}`))
      createInterface({ input: shell.stdout! }).on('line', (text) => {
        said.push(text)
        if (!READY.test(text)) return
        clearTimeout(timer)
        resolve()
      })
    })
  }

  /** One that leads a process group of its own, and begins where the one before has ended. */
  #shell(script: string): ChildProcess {
    const { folder, instead } = this.#options
    const typed = [...instead].reduce((text, [from, to]) => text.replaceAll(from, to), script)
    const session = existsSync(this.#env['SESSION'] ?? '') ? '. "$SESSION"\n' : ''
    const program = `exec 2>&1 </dev/null\nset -e\n${session}${typed}`
    const stdio = ['ignore', 'pipe', 'inherit'] as const
    return spawn('bash', ['-c', program], { cwd: folder, env: this.#env, stdio: [...stdio], detached: true })
  }
}

/** The shell, and all that it has started. */
function kill(shell: ChildProcess, signal: NodeJS.Signals): void {
  try {
    process.kill(-shell.pid!, signal)
  } catch {
    // all of them have ended
  }
}
