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
  readonly #over: Promise<ExitCode>
  #end!: (code: ExitCode) => void
  /** What the session ends with once the job that is being canceled has ended. */
  #endsWith: ExitCode | undefined
  #job: JobHandle | undefined
  #isOver = false
  #cancelTick: Cancel = () => {}

  constructor(options: DevSessionOptions) {
    this.#options = options
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Resolves when there is nothing more to show. The node still stands then. */
  async follow(job: JobHandle): Promise<ExitCode> {
    const { view, terminal } = this.#options
    this.#job = job
    job.follow((event) => {
      for (const line of view.on(event)) terminal.talk(line)
      if (event.type === 'ended') this.#onEnded(event)
    })
    this.#tick()
    const code = await this.#over
    this.#isOver = true
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
        return this.#stop(this.#options.keptState === undefined ? EXIT.canceled : EXIT.ok)
      case 'interrupt':
        return this.#stop(EXIT.interrupted)
      case 'terminate':
        return this.#stop(EXIT.terminated)
      default:
        return assertNever(order)
    }
  }

  #onEnded({ outcome, checkpoint }: Pick<JobEnd, 'outcome' | 'checkpoint'>): void {
    const { terminal, keptState } = this.#options
    if (keptState !== undefined && outcome !== 'finished' && checkpoint !== undefined) {
      const options = `--state ${keptState} --from-checkpoint ${checkpoint}`
      terminal.talk(mark(terminal, `a new run may begin where this one was: ${options}`))
    }
    this.#end(this.#endsWith ?? EXIT_OF_OUTCOME[outcome])
  }

  #crashSlot(): void {
    const { node, terminal } = this.#options
    this.#tell(node.crashSlot(), (wasOpen) =>
      terminal.talk(mark(terminal, wasOpen ? 'crashed a slot thread' : 'no slot is open now')),
    )
  }

  #checkpoint(): void {
    const { terminal, view } = this.#options
    if (this.#job === undefined) return
    this.#tell(this.#job.checkpointNow(), (record) => terminal.talk(view.checkpointLine(record)))
  }

  /** The first time in good order, the second time at once. */
  #stop(code: ExitCode): void {
    const { terminal, keptState, exitNow } = this.#options
    if (this.#endsWith !== undefined || this.#job === undefined) return exitNow(code)
    this.#endsWith = code
    if (keptState !== undefined) {
      terminal.talk(
        mark(terminal, `stopping: the run stays unended in ${keptState}, start it again to go on`),
      )
      return this.#end(code)
    }
    terminal.talk(
      mark(terminal, 'stopping: the run is canceled, because its state is not kept (see --state)'),
    )
    this.#tell(this.#job.cancel(), () => {})
  }

  /** An answer that comes when the job has ended tells nobody anything. */
  #tell<T>(answer: Promise<T>, then: (value: T) => void): void {
    const { terminal } = this.#options
    const unlessOver = (value: T) => (this.#isOver ? undefined : then(value))
    answer.then(unlessOver, (error) => {
      if (this.#isOver) return
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

const EXIT_OF_OUTCOME = { finished: EXIT.ok, canceled: EXIT.canceled, failed: EXIT.failed } as const

function mark({ palette }: Terminal, text: string): string {
  return `${palette.notice('·')} ${text}`
}
