import type { JobEnd, JobHandle, Node } from '../../actors/node.js'
import { assertNever } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { Order } from './controls.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { EXIT_OF_OUTCOME, FollowedJob } from './followed-job.js'
import type { JobView } from './job-view.js'
import { noteLine } from './progress-line.js'
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

/** One job in front of somebody: shows it until it ends or is stopped, and does what the keys say meanwhile. */
export class DevSession {
  readonly #options: DevSessionOptions
  readonly #over: Promise<ExitCode>
  #end!: (code: ExitCode) => void
  /** What the session ends with once the job that is being canceled has ended. */
  #endsWith: ExitCode | undefined
  #job: JobHandle | undefined
  #followed: FollowedJob | undefined

  constructor(options: DevSessionOptions) {
    this.#options = options
    this.#over = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  /** Resolves when there is nothing more to show. The node still stands then. */
  async follow(job: JobHandle): Promise<ExitCode> {
    const { view, terminal, clock } = this.#options
    this.#job = job
    const onEnded = (end: JobEnd) => this.#onEnded(end)
    const followed = new FollowedJob({ job, view, terminal, clock, onEnded })
    this.#followed = followed
    try {
      return await this.#over
    } finally {
      followed.close()
    }
  }

  onOrder(order: Order): void {
    switch (order) {
      case 'crash-slot':
        return this.#crashSlot()
      case 'checkpoint':
        return this.#followed?.takeCheckpoint()
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

  #onEnded({ outcome, checkpoint }: JobEnd): void {
    const { terminal, keptState } = this.#options
    if (keptState !== undefined && outcome !== 'finished' && checkpoint !== undefined) {
      const options = `--state ${keptState} --from-checkpoint ${checkpoint}`
      terminal.talk(noteLine(terminal, `a new run may begin where this one was: ${options}`))
    }
    this.#end(this.#endsWith ?? EXIT_OF_OUTCOME[outcome])
  }

  #crashSlot(): void {
    const { node, terminal } = this.#options
    this.#followed?.tell(node.crashSlot(), (wasOpen) =>
      terminal.talk(noteLine(terminal, wasOpen ? 'crashed a slot thread' : 'no slot is open now')),
    )
  }

  /** The first time in good order, the second time at once. */
  #stop(code: ExitCode): void {
    const { terminal, keptState, exitNow } = this.#options
    if (this.#endsWith !== undefined || this.#job === undefined) return exitNow(code)
    this.#endsWith = code
    if (keptState !== undefined) {
      terminal.talk(
        noteLine(terminal, `stopping: the run stays unended in ${keptState}, start it again to go on`),
      )
      return this.#end(code)
    }
    terminal.talk(
      noteLine(terminal, 'stopping: the run is canceled, because its state is not kept (see --state)'),
    )
    this.#followed?.tell(this.#job.cancel(), () => {})
  }
}
