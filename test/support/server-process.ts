import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Guard } from './guard.js'
import { type Host, THIS_HOST } from './host.js'
import { GaveUp, until } from './until.js'

export interface ServerProgram {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  readonly uid?: number
  readonly gid?: number
  /** This machine as it is, unless said. */
  readonly host?: Host
  /** What asks the program to stop in good order. */
  readonly stopSignal: NodeJS.Signals
  /** What makes it drop everything, its own children included. */
  readonly abortSignal: NodeJS.Signals
}

/** What a test can do to a server, whatever it serves. */
export interface ServerControl {
  /** While it runs and is ours. */
  readonly pid: number | undefined
  /** Ends it for good and removes its data. */
  stop(): Promise<void>
  /** `kill -9` of the server and all its children; `restart` brings it back. */
  kill(): Promise<void>
  /** Takes it down in good order without removing anything; `restart` brings it back. */
  halt(): Promise<void>
  /** Takes it down in good order unless it is down already, and starts it on the same ports with the same data. */
  restart(): Promise<void>
  /** `SIGSTOP` and `SIGCONT`: the connections stay and nothing is answered. */
  freeze(): void
  thaw(): void
}

/**
 * One server of the tests, from its start to its certain end: a process (and its children), a guard that outlives the
 * test process, and a folder under the temporary directory that is removed with it. What the server says goes to a log
 * in that folder, and the end of it into the error when the server does not come up.
 */
export class ServerProcess {
  readonly folder: string
  readonly #describe: () => ServerProgram
  #child: ChildProcess | undefined
  #guard: Guard | undefined
  #exited: Promise<void> = Promise.resolve()

  constructor(name: string, describe: () => ServerProgram) {
    this.folder = temporaryFolder(name)
    this.#describe = describe
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined
  }

  get logPath(): string {
    return join(this.folder, 'server.log')
  }

  /** Starts the program and waits until `isReady` says so. A process that ends meanwhile is an error with its log. */
  async start(isReady: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const program = this.#describe()
    await this.#spawn(program)
    const probe = () => {
      if (this.isRunning) return isReady()
      throw new GaveUp(`${program.name} ended while it was starting:\n${this.logTail()}`)
    }
    try {
      await until(probe, { what: `${program.name} to answer`, timeoutMs })
    } catch (error) {
      await this.kill()
      if (error instanceof GaveUp) throw error
      throw new Error(`${(error as Error).message}\n${this.logTail()}`, { cause: (error as Error).cause })
    }
  }

  /** Asks the program to end, insists after a while, and comes back when it has ended. */
  async stop(graceMs = 10_000): Promise<void> {
    if (this.isRunning) {
      this.#child?.ref() // or a program with nothing else to do would end while it waits
      const timer = setTimeout(() => this.signal('SIGKILL'), graceMs)
      this.#child?.kill(this.#describe().stopSignal)
      await this.#exited
      clearTimeout(timer)
    }
    this.#dismissGuard()
  }

  /** `kill -9` of the server and of all its children, at once and without a word to anybody. */
  async kill(): Promise<void> {
    this.#child?.ref()
    this.signal('SIGKILL')
    await this.#exited
    this.#dismissGuard()
  }

  /** Freezes or continues the process and its children (`SIGSTOP`, `SIGCONT`), or sends them any other signal. */
  signal(signal: NodeJS.Signals): void {
    const pid = this.pid
    if (pid === undefined) return
    for (const each of [pid, ...descendantsOf(pid)]) tell(each, signal)
  }

  /** Kills what runs and removes the folder. */
  async destroy(): Promise<void> {
    await this.kill()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    leftOver.delete(this.folder)
  }

  logTail(): string {
    try {
      return readFileSync(this.logPath, 'utf8').trim().split('\n').slice(-15).join('\n')
    } catch {
      return '(it said nothing)'
    }
  }

  async #spawn(program: ServerProgram): Promise<void> {
    const log = openSync(this.logPath, 'a')
    const {
      program: path,
      args,
      ...account
    } = (program.host ?? THIS_HOST).launch({
      program: program.program,
      args: program.args,
      ...(program.uid === undefined ? {} : { uid: program.uid }),
      ...(program.gid === undefined ? {} : { gid: program.gid }),
    })
    const child = spawn(path, args, {
      cwd: program.cwd ?? this.folder,
      env: program.env ?? process.env,
      stdio: ['ignore', log, log],
      detached: true, // its own group: a Ctrl-C at the terminal is for the test process, which then ends it
      ...account,
    })
    closeSync(log)
    this.#child = child
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
    child.unref()
    const { abortSignal } = program
    if (child.pid !== undefined) this.#guard = new Guard({ pid: child.pid, abortSignal, folder: this.folder })
  }

  #dismissGuard(): void {
    this.#guard?.dismiss()
    this.#guard = undefined
  }
}

export function controlOf(server: ServerProcess, isReady: () => Promise<boolean>): ServerControl {
  return {
    get pid() {
      return server.pid
    },
    stop: () => server.destroy(),
    kill: () => server.kill(),
    halt: () => server.stop(),
    async restart() {
      await server.stop()
      await server.start(isReady)
    },
    freeze: () => server.signal('SIGSTOP'),
    thaw: () => server.signal('SIGCONT'),
  }
}

/** A server that somebody else runs: the tests talk to it and leave it alone. */
export function foreignControl(variable: string): ServerControl {
  const refuse = () => {
    throw new Error(`the server that ${variable} names is not ours to stop`)
  }
  const refuseLater = async () => refuse()
  const stop = async () => {}
  return {
    pid: undefined,
    stop,
    kill: refuseLater,
    halt: refuseLater,
    restart: refuseLater,
    freeze: refuse,
    thaw: refuse,
  }
}

/** A folder of its own under the temporary directory. What is still there when the process exits, goes with it. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `retake-${name}-`))
  if (leftOver.size === 0) process.once('exit', removeLeftOver)
  leftOver.add(folder)
  return folder
}

const leftOver = new Set<string>()

function removeLeftOver(): void {
  for (const folder of leftOver) rmSync(folder, { recursive: true, force: true })
}

/** Does something accept connections there? */
export function accepts(port: number, host: string = THIS_HOST.address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function tell(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended by itself
  }
}

/** The children of a process and theirs, as Linux tells; elsewhere none are known and the guard's group kill must do. */
export function descendantsOf(pid: number): number[] {
  let children: number[] = []
  try {
    const listed = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    children = listed.split(' ').filter(Boolean).map(Number)
  } catch {
    // not Linux, or the process is gone
  }
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}
