import type { JobEvent } from '../../actors/job-event.js'
import { crashLine, factLine, moreLine, stepLine } from './demo-lines.js'
import type { Fact } from './demo-stage.js'
import { errorLines } from './error-text.js'
import { JobView, type JobViewOptions } from './job-view.js'
import { bytesText, durationText } from './units.js'

/**
 * The demonstration as a story: each checkpoint a line, and a crash with the time that each step of the recovery took,
 * counted from the crash.
 */
export class DemoView {
  readonly #options: JobViewOptions
  readonly #job: JobView
  readonly #beganAt: number
  #crashedAt: number | undefined
  #hasFailed = false
  #isRunning = false
  /** What it runs for now: for the first time, or again after a crash. */
  #isRecovered = false
  #hasRun = false
  #checkpoints = 0

  constructor(options: JobViewOptions) {
    this.#options = options
    this.#job = new JobView(options)
    this.#beganAt = options.now()
  }

  /** Checkpoints completed so far. */
  get checkpoints(): number {
    return this.#checkpoints
  }

  /** Every subtask of the current attempt is. */
  get isRunning(): boolean {
    return this.#isRunning
  }

  liveLine(): string {
    return `  ${this.#job.liveLine()}`
  }

  /** Told before the crash is done: the times count from here. */
  onCrash(victim: Fact): string[] {
    const { palette, now } = this.#options
    this.#crashedAt = now()
    this.#hasFailed = false
    return ['', crashLine(victim, palette)]
  }

  /** Told each time that it runs: who runs what, if there is anything to tell. */
  onPlaced(placement: string | undefined): string[] {
    const { palette } = this.#options
    if (!this.#isRecovered) return placement === undefined ? [] : [moreLine(palette.faint(placement))]
    const step = { name: 'placed', text: placement ?? '' }
    return placement === undefined ? [''] : [stepLine('', step, palette), '']
  }

  /** Told by whoever else has something to tell. */
  onFact(fact: Fact): string[] {
    return [factLine(fact, this.#options.palette)]
  }

  on(event: JobEvent): string[] {
    const lines = this.#job.on(event)
    const { palette } = this.#options
    switch (event.type) {
      case 'checkpoint': {
        const { state, checkpoint, durationMs, bytes } = event.record
        if (state !== 'completed') return lines
        this.#checkpoints++
        const what = `${durationText(durationMs).padStart(6)}, ${bytesText(bytes)}`
        return this.onFact({ name: `checkpoint ${checkpoint}`, text: palette.faint(what) })
      }
      case 'failure':
        return this.#onFailure(event, lines)
      case 'attempt':
        if (this.#crashedAt === undefined) return lines
        return [
          this.#step('restart', `attempt ${event.attempt} starts, restored from checkpoint ${event.from}`),
        ]
      case 'status':
        return this.#onStatus(event, lines)
      default:
        return lines
    }
  }

  #onFailure(event: Extract<JobEvent, { type: 'failure' }>, lines: string[]): string[] {
    const { palette } = this.#options
    this.#isRunning = false
    if (this.#crashedAt === undefined || this.#hasFailed || event.restartInMs === undefined) return lines
    this.#hasFailed = true
    const [head = ''] = errorLines(event.error, palette)
    return [this.#step('detected', `${head}; restart in ${durationText(event.restartInMs)}`)]
  }

  #onStatus({ status, reason }: Extract<JobEvent, { type: 'status' }>, lines: string[]): string[] {
    const { palette, now } = this.#options
    const wasRunning = this.#isRunning
    this.#isRunning = status === 'RUNNING' && reason === undefined
    if (!this.#isRunning) return lines
    if (wasRunning) return []
    const isFirst = !this.#hasRun
    this.#hasRun = true
    this.#isRecovered = this.#crashedAt !== undefined
    if (this.#crashedAt !== undefined) {
      const line = this.#step('running', 'what was read since that checkpoint is read again, and counts once')
      this.#crashedAt = undefined
      return [line]
    }
    if (!isFirst) return lines
    const after = `after ${durationText(now() - this.#beganAt)}`
    return this.onFact({ name: 'running', text: palette.faint(after) })
  }

  /** With its time since the crash. */
  #step(name: string, text: string): string {
    const { palette, now } = this.#options
    return stepLine(`+${Math.round(now() - (this.#crashedAt ?? now()))} ms`, { name, text }, palette)
  }
}
