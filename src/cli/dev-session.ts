import type { JobEnd, JobHandle, Node } from '../../actors/node.js'
import { assertNever } from '../kit/assert.js'
import type { Cancel, Clock } from '../kit/clock.js'
import { errorInfoOf } from '../kit/errors.js'
import type { Order } from './controls.js'
import { errorLines } from './error-text.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { JobView } from './job-view.js'
import type { Terminal } from './terminal.js'

export interface DevSessionOptions {
  readonly node: Pick<Node, 'crashSlot'>
  readonly view: JobView
  readonly terminal: Terminal
  readonly clock: Clock
  /** The state directory that outlives this session; undefined: nothing does. */
  readonly keptState: string | undefined
  /** Ends the process without waiting for anything. */
  readonly exitNow: (code: ExitCode) => void
}

const LIVE_MS = 500
/** Off a terminal the live line is a plain one this often. */
const PLAIN_MS = 10_000

/** One job in front of somebody: shows it until it ends or is stopped, and does what the keys say meanwhile. */
export class DevSession {
  readonly #options: DevSessionOptions
  readonly #stopped: Promise<ExitCode>
  #stop!: (code: ExitCode) => void
  /** What the session ends with once the job that is being canceled has ended. */
  #endsWith: ExitCode | undefined
  #job: JobHandle | undefined
  #cancelTick: Cancel = () => {}

  constructor(options: DevSessionOptions) {
    this.#options = options
    this.#stopped = new Promise((resolve) => {
      this.#stop = resolve
    })
  }

  /** Resolves when there is nothing more to show. The node still stands then. */
  async follow(job: JobHandle): Promise<ExitCode> {
    const { view, terminal } = this.#options
    this.#job = job
    job.follow((event) => {
      for (const line of view.on(event)) terminal.talk(line)
    })
    this.#tick()
    const code = await Promise.race([
      this.#stopped,
      job.ended.then((end) => this.#endsWith ?? exitCodeOfEnd(end)),
    ])
    this.#cancelTick()
    terminal.live(undefined)
    return code
  }

  onOrder(order: Order): void {
    switch (order) {
      case 'crash-slot':
        return this.#crashSlot()
      case 'checkpoint':
        return this.#checkpoint()
      case 'stop':
        return this.#end(this.#options.keptState === undefined ? EXIT.canceled : EXIT.ok)
      case 'interrupt':
        return this.#end(EXIT.interrupted)
      case 'terminate':
        return this.#end(EXIT.terminated)
      default:
        return assertNever(order)
    }
  }

  #crashSlot(): void {
    const { node, terminal } = this.#options
    this.#tell(node.crashSlot(), (wasOpen) =>
      terminal.talk(
        wasOpen ? mark(terminal, 'crashed a slot thread') : mark(terminal, 'no slot is open now'),
      ),
    )
  }

  #checkpoint(): void {
    const { terminal, view } = this.#options
    if (this.#job === undefined) return
    this.#tell(this.#job.checkpointNow(), (record) => terminal.talk(view.checkpointLine(record)))
  }

  /** The first time in good order, the second time at once. */
  #end(code: ExitCode): void {
    const { terminal, keptState, exitNow } = this.#options
    if (this.#endsWith !== undefined || this.#job === undefined) return exitNow(code)
    this.#endsWith = code
    if (keptState !== undefined) {
      terminal.talk(
        mark(terminal, `stopping: the run stays unended in ${keptState}, start it again to go on`),
      )
      return this.#stop(code)
    }
    terminal.talk(
      mark(terminal, 'stopping: the run is canceled, because its state is not kept (see --state)'),
    )
    this.#tell(this.#job.cancel(), () => {})
  }

  #tell<T>(answer: Promise<T>, then: (value: T) => void): void {
    const { terminal } = this.#options
    answer.then(then, (error) => {
      for (const line of errorLines(errorInfoOf(error), terminal.palette)) terminal.talk(line)
    })
  }

  #tick(): void {
    const { clock, terminal, view } = this.#options
    if (terminal.isLive) terminal.live(view.liveLine())
    this.#cancelTick = clock.after(terminal.isLive ? LIVE_MS : PLAIN_MS, () => {
      if (!terminal.isLive) terminal.talk(view.liveLine())
      this.#tick()
    })
  }
}

function mark({ palette }: Terminal, text: string): string {
  return `${palette.notice('·')} ${text}`
}

function exitCodeOfEnd({ outcome }: JobEnd): ExitCode {
  switch (outcome) {
    case 'finished':
      return EXIT.ok
    case 'canceled':
      return EXIT.canceled
    case 'failed':
      return EXIT.failed
    default:
      return assertNever(outcome)
  }
}
