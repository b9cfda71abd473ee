import type { JobEnd, JobHandle } from '../../actors/node.js'
import type { Cancel, Clock } from '../kit/clock.js'
import { errorInfoOf } from '../kit/errors.js'
import { errorLines } from './error-text.js'
import { EXIT } from './exit-code.js'
import type { JobView } from './job-view.js'
import type { Terminal } from './terminal.js'

export interface FollowedJobOptions {
  readonly job: JobHandle
  readonly view: JobView
  readonly terminal: Terminal
  readonly clock: Clock
  readonly onEnded: (end: JobEnd) => void
}

const LIVE_MS = 500
/** Off a terminal the live line is a plain one this often. */
const PLAIN_MS = 10_000

export const EXIT_OF_OUTCOME = { finished: EXIT.ok, canceled: EXIT.canceled, failed: EXIT.failed } as const

/** A job in front of somebody: what happens to it as lines that stay, how it stands as the live line below them. */
export class FollowedJob {
  readonly #options: FollowedJobOptions
  #isOver = false
  #cancelTick: Cancel = () => {}

  constructor(options: FollowedJobOptions) {
    this.#options = options
    const { job, view, terminal, onEnded } = options
    job.follow((event) => {
      if (this.#isOver) return
      for (const line of view.on(event)) terminal.talk(line)
      if (event.type === 'ended') onEnded(event)
    })
    this.#tick()
  }

  /** Takes a checkpoint, and tells what became of it. */
  takeCheckpoint(): void {
    const { job, view, terminal } = this.#options
    this.tell(job.checkpointNow(), (record) => terminal.talk(view.checkpointLine(record)))
  }

  /** Does `then` with an answer, or tells why there is none. One that comes when all is over tells nobody anything. */
  tell<T>(answer: Promise<T>, then: (value: T) => void): void {
    const { terminal } = this.#options
    const unlessOver = (value: T) => (this.#isOver ? undefined : then(value))
    answer.then(unlessOver, (error) => {
      if (this.#isOver) return
      for (const line of errorLines(errorInfoOf(error), terminal.palette)) terminal.talk(line)
    })
  }

  /** Shows nothing more of it. */
  close(): void {
    this.#isOver = true
    this.#cancelTick()
    this.#options.terminal.live(undefined)
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
