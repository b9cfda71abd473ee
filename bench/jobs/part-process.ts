import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { PartReport } from './part-report.js'
import type { ThreadNews } from './progress.js'

/** A process that runs part of a benchmark: a node of a cluster, or a part of the hand-written loop. */
export class PartProcess {
  readonly #child: ChildProcess
  #onReady!: () => void
  #onDone!: (rows: number) => void
  #onFailure!: (error: Error) => void
  readonly #isReady: Promise<void>
  readonly #done: Promise<number>

  private constructor(program: string, input: unknown, onNews: (news: ThreadNews) => void) {
    this.#child = fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(input)], {
      execArgv: ['--enable-source-maps'],
    })
    const failed = new Promise<never>((_, reject) => {
      this.#onFailure = reject
    })
    const ready = new Promise<void>((resolve) => {
      this.#onReady = resolve
    })
    const done = new Promise<number>((resolve) => {
      this.#onDone = resolve
    })
    this.#isReady = Promise.race([ready, failed])
    this.#done = Promise.race([done, failed])
    this.#done.catch(() => {}) // heard by whoever waits
    this.#child.once('exit', (code, signal) =>
      this.#onFailure(new Error(`${program} has ended too early (${signal ?? code})`)),
    )
    this.#child.on('message', (report: PartReport) => {
      if (report.type === 'ready') this.#onReady()
      else if (report.type === 'done') this.#onDone(report.rows)
      else onNews(report)
    })
  }

  /** Resolves when it waits for the word. @param program beside this file */
  static async started(
    program: string,
    input: unknown,
    onNews: (news: ThreadNews) => void,
  ): Promise<PartProcess> {
    const process = new PartProcess(program, input, onNews)
    await process.#isReady
    return process
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** The word to begin, or to end. Resolves with the rows that it has counted. */
  say(): Promise<number> {
    this.#child.send('')
    return this.#done
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }
}
