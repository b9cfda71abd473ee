import type { JobEvent } from '../../actors/job-event.js'
import { RateMeter } from '../../actors/rate-meter.js'
import type { CheckpointRecord } from '../checkpoint/checkpoint-record.js'
import { assertNever } from '../kit/assert.js'
import type { ErrorInfo } from '../kit/errors.js'
import type { CheckpointId } from '../kit/ids.js'
import { errorLines } from './error-text.js'
import type { Palette } from './palette.js'
import { bytesText, counted, durationText, percentText, rateText } from './units.js'

export interface JobViewOptions {
  readonly palette: Palette
  /** Of all vertices together. */
  readonly subtasks: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The time of day, for people. */
  readonly timeText: () => string
}

/**
 * What is shown of a job: each event makes lines that stay, and the live line tells how it stands now. It only
 * translates; whoever drives it prints.
 */
export class JobView {
  readonly #options: JobViewOptions
  readonly #beganAt: number
  readonly #meter: RateMeter
  #checkpoint: CheckpointRecord | undefined
  #checkpoints = 0
  #restarts = 0
  #waitsFor: string | undefined
  /** When the failure came that the job recovers from; undefined while it does not. */
  #failedAt: number | undefined
  #restartAt: number | undefined
  #isRunning = false
  #isStopping = false

  constructor(options: JobViewOptions) {
    this.#options = options
    this.#beganAt = options.now()
    this.#meter = new RateMeter(options.subtasks)
  }

  /** Lines to print, none for most events. */
  on(event: JobEvent): string[] {
    switch (event.type) {
      case 'status':
        return this.#onStatus(event)
      case 'attempt':
        return this.#onAttempt(event)
      case 'failure':
        return this.#onFailure(event)
      case 'checkpoint':
        return this.#onCheckpoint(event.record)
      case 'metrics':
        this.#meter.add(this.#options.now(), event.metrics)
        return []
      case 'ended':
        return this.#onEnded(event)
      default:
        return assertNever(event)
    }
  }

  /** Rates, the newest checkpoint, restarts and load, in one line. */
  liveLine(): string {
    const { palette, timeText } = this.#options
    const parts = this.#isRunning ? this.#runningParts() : [this.#waitingText()]
    return [palette.faint(timeText()), ...parts].join('  ')
  }

  /** What a checkpoint became that somebody asked for. */
  checkpointLine(record: CheckpointRecord): string {
    const { palette } = this.#options
    const { checkpoint, durationMs, bytes, failure, state } = record
    if (state === 'completed') {
      const took = `${durationText(durationMs)}, ${bytesText(bytes)}`
      return `${palette.good('✔')} checkpoint ${checkpoint} is complete: ${took}`
    }
    return `${palette.notice('!')} checkpoint ${checkpoint} failed: ${failure === undefined ? state : reasonText(failure)}`
  }

  #onStatus({ status, reason }: Extract<JobEvent, { type: 'status' }>): string[] {
    const { palette, now } = this.#options
    const wasRunning = this.#isRunning
    this.#isRunning = status === 'RUNNING' && reason === undefined
    this.#isStopping = status === 'CANCELLING' || status === 'FAILING'
    const waitsFor = reason?.startsWith('waiting') === true ? reason : undefined
    const isNews = waitsFor !== this.#waitsFor
    this.#waitsFor = waitsFor
    if (isNews && waitsFor !== undefined) return [`${palette.notice('…')} ${waitsFor}`]
    if (status === 'SUSPENDED')
      return [`${palette.notice('!')} suspended: ${reason ?? 'another leads this job'}`]
    if (!this.#isRunning || wasRunning) return []
    this.#meter.reset(now())
    const failedAt = this.#failedAt
    this.#failedAt = undefined
    this.#restartAt = undefined
    if (failedAt !== undefined)
      return [`${palette.good('✔')} running again, ${durationText(now() - failedAt)} after the failure`]
    return [`${palette.good('✔')} running, ${durationText(now() - this.#beganAt)} after its start`]
  }

  #onAttempt({ attempt, from }: Extract<JobEvent, { type: 'attempt' }>): string[] {
    const { palette } = this.#options
    this.#meter.reset(undefined)
    if (this.#failedAt !== undefined) this.#restarts++
    if (attempt === 1 && from === 0) return []
    return [`${palette.notice('↻')} attempt ${attempt} starts ${beginningText(from)}`]
  }

  #onFailure({ error, restartInMs }: Extract<JobEvent, { type: 'failure' }>): string[] {
    const { palette, now, timeText } = this.#options
    const [head = '', ...rest] = errorLines(error, palette)
    this.#isRunning = false
    this.#failedAt = now()
    this.#restartAt = restartInMs === undefined ? undefined : now() + restartInMs
    // The end of the job tells the error once more, and nothing comes between.
    if (restartInMs === undefined) return []
    return [
      `${palette.bad('✘')} ${palette.faint(timeText())} ${head}`,
      ...rest,
      `${palette.notice('↻')} restarts in ${durationText(restartInMs)}`,
    ]
  }

  #onCheckpoint(record: CheckpointRecord): string[] {
    if (record.state === 'completed') {
      this.#checkpoint = record
      this.#checkpoints++
    }
    // One that the end of an attempt took with it is no news; one that was asked for is told to whoever asked.
    const isNews = this.#failedAt === undefined && !this.#isStopping && record.cause !== 'on-demand'
    if (record.state !== 'failed' || !isNews) return []
    return [this.checkpointLine(record)]
  }

  #onEnded({ outcome, error }: Extract<JobEvent, { type: 'ended' }>): string[] {
    const { palette, now } = this.#options
    this.#isRunning = false
    const history = [
      durationText(now() - this.#beganAt),
      counted(this.#checkpoints, 'checkpoint', 'checkpoints'),
      counted(this.#restarts, 'restart', 'restarts'),
      ...this.#skippedParts(),
    ].join(', ')
    switch (outcome) {
      case 'finished':
        return [`${palette.good('✔')} ${palette.strong('FINISHED')} after ${history}`]
      case 'canceled':
        return [`${palette.notice('■')} ${palette.strong('CANCELED')} after ${history}`]
      case 'failed':
        return [
          `${palette.bad('✘')} ${palette.strong('FAILED')} after ${history}`,
          ...(error === undefined ? [] : errorLines(error, palette)),
        ]
      default:
        return assertNever(outcome)
    }
  }

  #waitingText(): string {
    if (this.#waitsFor !== undefined) return this.#waitsFor
    const { now } = this.#options
    const leftMs = this.#restartAt === undefined ? 0 : this.#restartAt - now()
    if (leftMs > 0) return `restarting in ${durationText(leftMs)}`
    return this.#failedAt === undefined ? 'starting' : 'restarting'
  }

  #runningParts(): string[] {
    const { palette } = this.#options
    const rates = this.#meter.rates()
    // Nothing was reported yet: nothing is known.
    const rate = (perSecond: number | undefined) =>
      perSecond === undefined ? '…' : `${rateText(perSecond)}/s`
    const { busy = 0, backpressured = 0 } = rates ?? {}
    const load = `busy ${percentText(busy)}  backpressure ${percentText(backpressured)}`
    return [
      `in ${palette.strong(rate(rates?.recordsInPerSecond))}`,
      `out ${palette.strong(rate(rates?.recordsOutPerSecond))}`,
      this.#checkpointText(),
      counted(this.#restarts, 'restart', 'restarts'),
      backpressured > 0.5 ? palette.notice(load) : load,
      ...this.#skippedParts(),
    ]
  }

  /** Bad records are passed over by the user's own word, but not in silence. */
  #skippedParts(): string[] {
    const skipped = this.#meter.latest?.recordsSkipped ?? 0
    if (skipped === 0) return []
    return [this.#options.palette.notice(`${counted(skipped, 'bad record', 'bad records')} skipped`)]
  }

  #checkpointText(): string {
    if (this.#checkpoint === undefined) return 'no checkpoint yet'
    const { checkpoint, durationMs, bytes } = this.#checkpoint
    return `checkpoint ${checkpoint} ${durationText(durationMs)} ${bytesText(bytes)}`
  }
}

function beginningText(from: CheckpointId): string {
  return from === 0 ? 'from the beginning (there is no checkpoint yet)' : `from checkpoint ${from}`
}

/** What is at the bottom of it: that a checkpoint was given up is said already. */
export function reasonText(failure: ErrorInfo): string {
  if (failure.cause?.code !== undefined) return reasonText(failure.cause)
  const { code, what, why, message } = failure
  return code === undefined ? message : `${code} ${what}: ${why}`
}
