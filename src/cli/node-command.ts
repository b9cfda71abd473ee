import { availableParallelism, hostname } from 'node:os'
import type { NodeRole } from '../../actors/cluster-view.js'
import { type NodeEvent, type RunningNode, startNodeProcess } from '../../actors/node-process.js'
import { type Clock, systemClock } from '../kit/clock.js'
import { errorOf } from '../kit/errors.js'
import { LIMITS } from '../kit/limits.js'
import { type Random, systemRandom } from '../kit/random.js'
import { clusterAddressOf } from './cluster-address.js'
import type { RunCommand } from './command.js'
import { type Controls, type Order, processControls } from './controls.js'
import { durationOption } from './duration-option.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { NodeVoice } from './node-voice.js'
import { type LogFormat, type LogLevel, pinoLogger } from './pino-logger.js'
import { stateDirectory } from './state-directory.js'
import type { Terminal } from './terminal.js'
import { UsageError } from './usage-error.js'

/** The world around the command, so that a test may be another one. */
export interface NodeSurroundings {
  readonly clock: Clock
  readonly random: Random
  readonly controls: Controls
  readonly startNode: typeof startNodeProcess
  readonly exitNow: (code: ExitCode) => void
}

export const nodeCommand: RunCommand = (invocation, terminal) =>
  node(invocation, terminal, {
    clock: systemClock,
    random: systemRandom,
    controls: processControls('signals'),
    startNode: startNodeProcess,
    exitNow: (code) => process.exit(code),
  })

/** Runs one node of a cluster until it is told to leave. */
export async function node(
  invocation: Invocation,
  terminal: Terminal,
  { clock, random, controls, startNode, exitNow }: NodeSurroundings,
): Promise<ExitCode> {
  const { cluster, nats, shown } = clusterAddressOf(invocation)
  const name = nameOf(invocation)
  const roles = ROLES[invocation.text('role') ?? 'all'] ?? []
  const slots = slotsOf(invocation, roles)
  const labels = invocation.pairs('labels', ',')
  const drainMs = durationOption(invocation, 'drain-timeout') ?? DRAIN_MS
  const heartbeatTimeoutMs =
    durationOption(invocation, 'heartbeat-timeout', LIMITS.heartbeatTimeoutMinMs) ?? LIMITS.peerSilenceMs
  const state = invocation.text('state')
  const directory = state === undefined ? undefined : (await stateDirectory(state)).path
  const format = (invocation.text('log-format') ?? 'text') as LogFormat
  const level = (invocation.text('log-level') ?? 'info') as LogLevel
  const logger = pinoLogger({ level, format, write: (line) => terminal.talk(line.trimEnd()) })
  const voice = new NodeVoice({ terminal, clock, logger: format === 'json' ? logger : undefined })
  voice.begins({ name, roles, slots, shown, directory })

  const shutdown = new Shutdown({ clock, voice, drainMs, exitNow })
  const release = controls.listen((order) => shutdown.onOrder(order))
  try {
    const running = await startNode({
      name,
      roles,
      slots,
      labels,
      nats,
      cluster,
      stateDirectory: directory,
      heartbeatTimeoutMs,
      slotRequestMs: LIMITS.slotRequestMs,
      clock,
      random,
      logger,
      onEvent: (event: NodeEvent) => voice.on(event),
    })
    return await shutdown.endOf(running)
  } finally {
    shutdown.close()
    release()
  }
}

const DRAIN_MS = 60_000
const ROLES: Readonly<Record<string, readonly NodeRole[]>> = {
  all: ['job-manager', 'task-manager'],
  'job-manager': ['job-manager'],
  'task-manager': ['task-manager'],
}

function nameOf(invocation: Invocation): string {
  const name = invocation.text('name') ?? hostname()
  if (/^[\w.-]{1,128}$/.test(name)) return name
  throw new UsageError(
    `the name of the node is ${JSON.stringify(name)}`,
    'give --name at most 128 letters, digits, ".", "-" and "_"',
  )
}

function slotsOf(invocation: Invocation, roles: readonly NodeRole[]): number {
  const slots = invocation.whole('slots')
  if (roles.includes('task-manager')) return slots ?? availableParallelism()
  if (slots === undefined) return 0
  throw new UsageError('a job manager has no slots', 'leave --slots out, or choose --role all')
}

interface ShutdownOptions {
  readonly clock: Clock
  readonly voice: NodeVoice
  readonly drainMs: number
  readonly exitNow: (code: ExitCode) => void
}

/** The end of a node: in good order at the first signal; at the second, or when that takes too long, at once. */
class Shutdown {
  readonly #options: ShutdownOptions
  #running: RunningNode | undefined
  #isDraining = false
  #end: (code: ExitCode) => void = () => {}
  #fail: (error: unknown) => void = () => {}
  #cancelTimer = () => {}

  constructor(options: ShutdownOptions) {
    this.#options = options
  }

  /** Resolves when it has ended as it was told to; rejects with what else ended it. */
  endOf(running: RunningNode): Promise<ExitCode> {
    this.#running = running
    return new Promise((resolve, reject) => {
      this.#end = resolve
      this.#fail = reject
      running.ended.then((error) => (error === undefined ? resolve(EXIT.ok) : reject(errorOf(error))), reject)
    })
  }

  onOrder(order: Order): void {
    if (order !== 'interrupt' && order !== 'terminate') return
    const code = order === 'interrupt' ? EXIT.interrupted : EXIT.terminated
    const { clock, voice, drainMs } = this.#options
    // One that has not joined holds nothing.
    if (this.#running === undefined || this.#isDraining) return this.#endNow(code, 'told twice')
    this.#isDraining = true
    voice.leaves(order, drainMs)
    this.#cancelTimer = clock.after(drainMs, () => this.#endNow(code, 'took too long'))
    this.#running.drain().then(() => this.#end(EXIT.ok), this.#fail)
  }

  close(): void {
    this.#cancelTimer()
  }

  #endNow(code: ExitCode, why: 'told twice' | 'took too long'): void {
    const { voice, exitNow } = this.#options
    if (this.#isDraining) voice.isCutShort(why)
    this.#running?.kill()
    this.#end(code)
    exitNow(code)
  }
}
