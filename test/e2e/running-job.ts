import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { temporaryFolder } from '#src/kit/temporary-folder.js'
import { PROJECT } from '../support/project.js'
import type { JobProcessOptions, JobProcessOrder, JobProcessReport } from './job-process.js'
import { JobProgress } from './job-progress.js'

/** Of the build: this module is also read from source. */
const PROGRAM = join(PROJECT, 'dist', 'test', 'e2e', 'job-process.js')

/**
 * A job in a process of its own, and what has been heard of it over all the processes that ran it. What one kept in the
 * temporary directory goes with it, killed or not.
 */
export class RunningJob {
  readonly #options: JobProcessOptions
  readonly progress = new JobProgress()
  #child: ChildProcess | undefined

  constructor(options: JobProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  start(): void {
    const temporary = temporaryFolder('retake-job-')
    const child = fork(PROGRAM, [JSON.stringify(this.#options)], {
      env: { ...process.env, TMPDIR: temporary.path },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#child = child
    child.on('message', (report: JobProcessReport) => this.#onReport(report))
    child.once('exit', () => {
      temporary.release()
      if (this.#child === child) this.#child = undefined
      this.progress.changed()
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
    await this.progress.until('it is canceled', () => this.progress.outcome !== undefined)
  }

  #order(order: JobProcessOrder): void {
    this.#child?.send(order)
  }

  #onReport(report: JobProcessReport): void {
    if (report.type === 'refused') this.progress.onRefused(report.message)
    if (report.type === 'event') this.progress.onEvent(report.event)
  }
}
