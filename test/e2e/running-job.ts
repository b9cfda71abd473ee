import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { JobEvent } from '#actors/job-event.js'
import { PROJECT } from '../support/project.js'
import type { JobProcessOptions, JobProcessOrder, JobProcessReport } from './job-process.js'

/** Of the build: this module is also read from source. */
const PROGRAM = join(PROJECT, 'dist', 'test', 'e2e', 'job-process.js')

/** A job in a process of its own, and what has been heard of it over all the processes that ran it. */
export class RunningJob {
  readonly #options: JobProcessOptions
  readonly #waiting = new Set<() => void>()
  #child: ChildProcess | undefined
  #refusal: string | undefined
  /** The highest attempt of which all subtasks ran. */
  attempt = 0
  /** Of the attempt under way. */
  #started = 0
  completedCheckpoints = 0
  /** Records that the sources of the attempt under way have emitted. */
  recordsIn = 0
  /** The attempt of the newest complete checkpoint. */
  checkpointedAttempt = 0
  outcome: string | undefined
  readonly failures: string[] = []

  constructor(options: JobProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const child = fork(PROGRAM, [JSON.stringify(this.#options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.on('message', (report: JobProcessReport) => this.#onReport(report))
    child.once('exit', () => {
      if (this.#child === child) this.#child = undefined
      this.#changed()
    })
  }

  crashSlot(): void {
    this.#order({ type: 'crash-slot' })
  }

  /** `kill -9`, and resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async cancel(): Promise<void> {
    this.#order({ type: 'cancel' })
    await this.until('it is canceled', () => this.outcome !== undefined)
  }

  /** Resolves when `isTrue`; rejects when the job cannot go on, or after `seconds`. */
  async until(what: string, isTrue: () => boolean, seconds = 60): Promise<void> {
    const deadline = Date.now() + seconds * 1_000
    while (!isTrue()) {
      if (this.#refusal !== undefined) throw new Error(`the job was refused: ${this.#refusal}`)
      if (this.outcome === 'failed') throw new Error(`the job has failed: ${this.failures.at(-1)}`)
      if (Date.now() > deadline)
        throw new Error(`waited ${seconds} s in vain until ${what}; failures: ${this.failures.join(' | ')}`)
      await this.#nextChange()
    }
  }

  #order(order: JobProcessOrder): void {
    this.#child?.send(order)
  }

  #onReport(report: JobProcessReport): void {
    if (report.type === 'refused') this.#refusal = report.message
    if (report.type === 'event') this.#onEvent(report.event)
    this.#changed()
  }

  #onEvent(event: JobEvent): void {
    if (event.type === 'attempt') this.#started = event.attempt
    if (event.type === 'status' && event.status === 'RUNNING' && event.reason === undefined)
      this.attempt = this.#started
    if (event.type === 'metrics') this.recordsIn = event.metrics.recordsIn
    if (event.type === 'failure') this.failures.push(event.error.message)
    if (event.type === 'ended') this.outcome = event.outcome
    if (event.type === 'checkpoint' && event.record.state === 'completed') {
      this.completedCheckpoints++
      this.checkpointedAttempt = event.record.attempt
    }
  }

  #changed(): void {
    for (const wake of this.#waiting) wake()
  }

  /** Something was heard, or a second is over: what is waited for may also depend on others. */
  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => wake(), 1_000)
      const wake = () => {
        clearTimeout(timer)
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
    })
  }
}
