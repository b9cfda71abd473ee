import type { JobEvent } from '../../actors/job-event.js'
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
  onCrash(): string[] {
    const { palette, now } = this.#options
    this.#crashedAt = now()
    this.#hasFailed = false
    return [
      '',
      `${palette.bad('✘ crash')}          a slot thread is terminated, with all that it has in memory`,
    ]
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
        return [`${palette.good('✔')} checkpoint ${String(checkpoint).padEnd(3)} ${palette.faint(what)}`]
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
    if (this.#crashedAt === undefined)
      return [
        `${palette.good('✔')} running        ${palette.faint(`after ${durationText(now() - this.#beganAt)}`)}`,
      ]
    const line = this.#step('running', 'what was read since that checkpoint is read again, and counts once')
    this.#crashedAt = undefined
    return [line, '']
  }

  #step(name: string, text: string): string {
    const { palette, now } = this.#options
    const took = `+${Math.round(now() - (this.#crashedAt ?? now()))} ms`
    return `  ${palette.strong(took.padStart(8))}  ${palette.notice(name.padEnd(9))} ${text}`
  }
}
