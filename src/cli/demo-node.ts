import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { NodeRole } from '../../actors/cluster-view.js'
import { assert } from '../kit/assert.js'
import type { Environment } from './command.js'

/** A node that nobody has killed is no more; in the words that it said last. */
export class NodeEnded extends Error {
  override readonly name = 'NodeEnded'
}

/** A node of the demonstration, as its stage sees it. */
export interface StageNode {
  readonly name: string
  /** While it runs. */
  readonly pid: number | undefined
  /** Resolves when it has joined its cluster, with what that took in milliseconds. May be called again after `kill`. */
  start(): Promise<number>
  /** `kill -9`. Resolves when it is gone; false: it had ended already. */
  kill(): Promise<boolean>
}

export interface DemoNodeOptions {
  readonly name: string
  readonly role: NodeRole
  /** 0 for a job manager. */
  readonly slots: number
  readonly cluster: string
  /** Added to that of this process: how NATS is reached. */
  readonly environment: Environment
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** It was ready, and ended though nobody killed it. */
  readonly onLost: (error: NodeEnded) => void
}

const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const LEASH = new URL('./leash.js', import.meta.url).href
/** An error with its causes is shorter. */
const LINES_KEPT = 30

/** `retake node` of this very build as a process of its own, that ends with this one. */
export class DemoNode implements StageNode {
  readonly name: string
  readonly #options: DemoNodeOptions
  readonly #said: string[] = []
  #process: ChildProcess | undefined
  #closed: Promise<void> = Promise.resolve()

  constructor(options: DemoNodeOptions) {
    this.name = options.name
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  start(): Promise<number> {
    const { now, onLost } = this.#options
    const since = now()
    const child = this.#spawn()
    this.#process = child
    return new Promise((resolve, reject) => {
      let isReady = false
      assert(child.stderr !== null, 'what it says comes through a pipe')
      createInterface({ input: child.stderr }).on('line', (line) => {
        this.#said.push(line)
        if (this.#said.length > LINES_KEPT) this.#said.shift()
        if (isReady || !saysReady(line)) return
        isReady = true
        resolve(now() - since)
      })
      child.once('error', (error) => this.#said.push(error.message))
      this.#closed = new Promise((gone) => {
        child.once('close', (code, signal) => {
          const isUnwanted = this.#process === child
          if (isUnwanted) this.#process = undefined
          const error = this.#ended(code ?? signal)
          if (!isReady) reject(error)
          else if (isUnwanted) onLost(error)
          gone()
        })
      })
    })
  }

  async kill(): Promise<boolean> {
    const child = this.#process
    this.#process = undefined
    const isKilled = child?.kill('SIGKILL') ?? false
    await this.#closed
    return isKilled
  }

  #spawn(): ChildProcess {
    const { name, role, slots, cluster, environment } = this.#options
    const args = ['node', '--role', role, '--name', name, '--cluster', cluster, '--log-format', 'json']
    if (role === 'task-manager') args.push('--slots', String(slots))
    return spawn(process.execPath, ['--enable-source-maps', '--import', LEASH, fileOf('main.js'), ...args], {
      env: { ...process.env, ...environment, NO_COLOR: '1' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      // A group of its own: Ctrl-C at the terminal is for the demonstration, which then ends it.
      detached: true,
    })
  }

  #ended(how: number | NodeJS.Signals | null): NodeEnded {
    // What ends it is told for people, behind the log.
    const told = this.#said.filter((line) => logLine(line) === undefined)
    return new NodeEnded([`${this.name} ended by itself, with ${how}`, ...told].join('\n  '))
  }
}

/** A line of the node's log for machines; anything else it says is for people. */
function logLine(line: string): { readonly type?: unknown } | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function saysReady(line: string): boolean {
  return logLine(line)?.type === 'ready'
}
