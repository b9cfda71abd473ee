import type { JobEvent } from '../../actors/job-event.js'
import type { JobEnd, JobHandle } from '../../actors/node.js'
import { executionGraphOf } from '../graph/execution-graph.js'
import type { Clock } from '../kit/clock.js'
import type { DemoStage } from './demo-stage.js'
import { DemoView } from './demo-view.js'
import type { Terminal } from './terminal.js'
import { timeOfDay } from './time-of-day.js'

export interface DemoRunOptions {
  readonly stage: Pick<DemoStage, 'victim' | 'placement' | 'mend'>
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
  /** A victim is being looked for. */
  #isAiming = false
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

  /** Threads, or processes, that were crashed. */
  get crashes(): number {
    return this.#crashes
  }

  /** Shows the job until it ends, and crashes something some time after its second checkpoint. */
  follow(): Promise<JobEnd> {
    const { job } = this.#options
    let isCrashDue = false
    const ended = new Promise<JobEnd>((resolve) => {
      job.follow((event) => {
        this.#onEvent(event)
        if (event.type === 'ended') resolve(event)
        if (isCrashDue || this.#view.checkpoints < CRASH_AFTER_CHECKPOINTS) return
        isCrashDue = true
        this.#crashSoon()
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

  /** Does nothing to a job that is not running, or while nobody can tell who runs it. */
  async crash(): Promise<void> {
    if (this.#isAiming || !this.#mayCrash()) return
    this.#isAiming = true
    const victim = await this.#options.stage.victim().catch(() => undefined)
    this.#isAiming = false
    if (victim === undefined || !this.#mayCrash()) return
    this.#say(this.#view.onCrash(victim))
    if (await victim.crash()) this.#crashes++
  }

  /** There must be one; whoever was quicker at the keyboard has seen to it. */
  #crashSoon(): void {
    this.#options.clock.after(CRASH_DELAY_MS, async () => {
      if (this.#isOver || this.#crashes > 0) return
      await this.crash()
      this.#crashSoon()
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

  #onEvent(event: JobEvent): void {
    const wasRunning = this.#view.isRunning
    this.#say(this.#view.on(event))
    if (!wasRunning && this.#view.isRunning) void this.#onRunning()
  }

  /** Tells who runs it, and only then brings back who does not: the rest must do, and is seen to. */
  async #onRunning(): Promise<void> {
    const { stage } = this.#options
    const placement = await stage.placement().catch(() => undefined)
    if (this.#isOver) return
    this.#say(this.#view.onPlaced(placement))
    await stage.mend((fact) => {
      if (!this.#isOver) this.#say(this.#view.onFact(fact))
    })
  }

  #mayCrash(): boolean {
    return !this.#isOver && this.#view.isRunning
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
