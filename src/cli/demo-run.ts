import type { JobEnd, JobHandle, Node } from '../../actors/node.js'
import { executionGraphOf } from '../graph/execution-graph.js'
import type { Clock } from '../kit/clock.js'
import { DemoView } from './demo-view.js'
import type { Terminal } from './terminal.js'
import { timeOfDay } from './time-of-day.js'

export interface DemoRunOptions {
  readonly node: Pick<Node, 'crashSlot'>
  readonly job: JobHandle
  readonly terminal: Terminal
  readonly clock: Clock
}

const CRASH_AFTER_CHECKPOINTS = 2
/** So long after that checkpoint, that a good deal was done that it does not hold. */
const CRASH_DELAY_MS = 700
const LIVE_MS = 500
/** All that has been read is in the table so soon, or never. */
const SETTLE_MS = 60_000
const LOOK_MS = 250

/** A job that is shown and crashed: once, and again whenever somebody wants it. */
export class DemoRun {
  readonly #options: DemoRunOptions
  readonly #view: DemoView
  #crashes = 0
  #isOver = false

  constructor(options: DemoRunOptions) {
    this.#options = options
    const { terminal, clock, job } = options
    this.#view = new DemoView({
      palette: terminal.palette,
      subtasks: executionGraphOf(job.plan).subtasks.length,
      now: () => clock.now(),
      timeText: () => timeOfDay(clock.wallTime()),
    })
  }

  /** Threads that were crashed. */
  get crashes(): number {
    return this.#crashes
  }

  /** Shows the job until it ends, and crashes a thread some time after its second checkpoint. */
  follow(): Promise<JobEnd> {
    const { job, clock } = this.#options
    let isCrashDue = false
    const ended = new Promise<JobEnd>((resolve) => {
      job.follow((event) => {
        this.#say(this.#view.on(event))
        if (event.type === 'ended') resolve(event)
        if (isCrashDue || this.#view.checkpoints < CRASH_AFTER_CHECKPOINTS) return
        isCrashDue = true
        clock.after(CRASH_DELAY_MS, () => this.crash())
      })
    })
    this.#tick()
    return ended.finally(() => this.close())
  }

  /** Shows nothing more, and does nothing more. */
  close(): void {
    this.#isOver = true
    this.#options.terminal.live(undefined)
  }

  /** Does nothing to a job that is not running. */
  crash(): void {
    const { node } = this.#options
    if (this.#isOver || !this.#view.isRunning) return
    this.#say(this.#view.onCrash())
    void node.crashSlot().then((wasOpen) => {
      if (wasOpen) this.#crashes++
    })
  }

  /** Takes checkpoints until `isDone` says that all is there, and cancels the job then: it would never end. */
  async endWhen(isDone: () => Promise<boolean>): Promise<void> {
    const { job, clock } = this.#options
    const deadline = clock.now() + SETTLE_MS
    let done = await isDone()
    while (!done && !this.#isOver && clock.now() < deadline) {
      // One that fails is as good as a pause: the job may be restarting.
      await job.checkpointNow().catch(() => {})
      await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve))
      done = await isDone()
    }
    if (this.#isOver) return
    this.#say([
      done ? 'all clicks are counted, and a topic has no end:' : 'not all clicks were counted in time:',
    ])
    await job.cancel()
  }

  #tick(): void {
    const { terminal, clock } = this.#options
    if (this.#isOver) return
    terminal.live(this.#view.liveLine())
    clock.after(LIVE_MS, () => this.#tick())
  }

  #say(lines: readonly string[]): void {
    for (const line of lines) this.#options.terminal.talk(line)
  }
}
