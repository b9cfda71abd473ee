import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { temporaryFolder } from '#src/kit/temporary-folder.js'
import { Guard } from '../support/guard.js'
import { type Host, THIS_HOST } from '../support/host.js'
import { until } from '../support/until.js'

export interface NodeProcessOptions {
  /** This machine as it is, unless said. */
  readonly host?: Host
  /** Stays over its starts. */
  readonly name: string
  /** What Node runs, and with which arguments. */
  readonly args: readonly string[]
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>
  /** Hears what it says, as it does. */
  readonly onLine?: (line: string) => void
}

/** In words for people, and in a line of its log. */
const READY = /✔ ready|"type":"ready"/
const READY_MS = 30_000
/** Longer than a node may drain, so that one that takes too long is told by its own exit code. */
const LEAVE_S = 90
/** Last lines that are kept for whoever asks why. */
const LINES_KEPT = 200

/**
 * One node of a cluster: a process that is ready when it says so, and that a test kills, freezes, asks to leave and
 * starts again under its name. A guard ends it with the test process, however that ends. What it keeps in the temporary
 * directory goes with it, killed or not.
 */
export class NodeProcess {
  readonly name: string
  readonly #options: NodeProcessOptions
  readonly #said: string[] = []
  /** Lines of all its starts, those that are not kept too. */
  #lines = 0
  readonly #waiting = new Set<() => void>()
  #process: ChildProcess | undefined
  #closed: Promise<number> = Promise.resolve(0)
  #isWanted = false
  #isReady = false
  /** Starts whose process ended though nobody asked for it. */
  unwantedEnds = 0

  constructor(options: NodeProcessOptions) {
    this.name = options.name
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#process !== undefined
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  /** What it said last, all its starts together. */
  get said(): readonly string[] {
    return this.#said
  }

  /** Resolves when it is ready, with the milliseconds since it was spawned. */
  async start(): Promise<number> {
    assert(!this.isRunning, `${this.name} runs already`)
    const from = performance.now()
    this.#spawn()
    await this.#until('says that it is ready', () => this.#isReady, READY_MS)
    return performance.now() - from
  }

  /** `kill -9`, and resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#process === undefined) return
    this.#isWanted = false
    this.#process.kill('SIGKILL')
    await this.#closed
  }

  /** `SIGSTOP`, and resolves when all its threads stand still. */
  async freeze(): Promise<void> {
    const { pid } = this.#running
    this.#running.kill('SIGSTOP')
    await until(() => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8')), {
      what: `${this.name} to stand still`,
    })
  }

  /** `SIGCONT`. */
  thaw(): void {
    this.#running.kill('SIGCONT')
  }

  /** `SIGTERM`: it must end by itself with 0. Resolves with what it said from then on. */
  async leave(seconds = LEAVE_S): Promise<readonly string[]> {
    const running = this.#running
    const before = this.#lines
    this.#isWanted = false
    running.kill('SIGTERM')
    await this.#until('ends after SIGTERM', () => !this.isRunning, seconds * 1_000)
    const code = await this.#closed
    assert.equal(code, 0, `${this.name} left with ${code}\n${this.tail()}`)
    return this.#said.slice(-Math.max(1, this.#lines - before))
  }

  /** For the message of a failure. */
  tail(lines = 12): string {
    const state = this.isRunning ? `runs as ${this.pid}` : 'does not run'
    const last = this.#said.slice(-lines).map((line) => `    ${line}`)
    return [`${this.name} ${state}; it said last`, ...last].join('\n')
  }

  get #running(): ChildProcess {
    assert(this.#process !== undefined, `${this.name} does not run`)
    return this.#process
  }

  #spawn(): void {
    const { host = THIS_HOST, args: own, env } = this.#options
    const { program, args } = host.launch({ program: process.execPath, args: own })
    const temporary = temporaryFolder('retake-node-')
    const child = spawn(program, args, {
      env: { ...process.env, NO_COLOR: '1', TMPDIR: temporary.path, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // its own group: a Ctrl-C at the terminal is for the test process, which then ends it
    })
    const guard = child.pid === undefined ? undefined : new Guard({ pid: child.pid, abortSignal: 'SIGKILL' })
    this.#process = child
    this.#isWanted = true
    this.#isReady = false
    for (const output of [child.stdout, child.stderr])
      createInterface({ input: output }).on('line', (line) => this.#onLine(line))
    child.once('error', (error) => this.#onLine(error.message))
    this.#closed = new Promise((resolve) =>
      child.once('close', (code, signal) => {
        guard?.dismiss()
        temporary.release()
        this.#process = undefined
        if (this.#isWanted) {
          this.unwantedEnds++
          this.#onLine(`(it ended by itself, with ${code ?? signal})`)
        }
        this.#changed()
        resolve(code ?? -1)
      }),
    )
  }

  #onLine(line: string): void {
    this.#lines++
    this.#said.push(line)
    if (this.#said.length > LINES_KEPT) this.#said.shift()
    if (READY.test(line)) this.#isReady = true
    this.#options.onLine?.(line)
    this.#changed()
  }

  #changed(): void {
    for (const look of this.#waiting) look()
  }

  /** Resolves when `isTrue`; rejects when the process ends before, or after `timeoutMs`. */
  #until(what: string, isTrue: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void) => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        then()
      }
      const giveUp = (why: string) => settle(() => reject(new Error(`${why}\n${this.tail()}`)))
      const look = () => {
        if (isTrue()) settle(resolve)
        else if (!this.isRunning) giveUp(`${this.name} has ended before it ${what}`)
      }
      const timer = setTimeout(
        () => giveUp(`waited ${timeoutMs} ms in vain until ${this.name} ${what}`),
        timeoutMs,
      )
      this.#waiting.add(look)
      look()
    })
  }
}
