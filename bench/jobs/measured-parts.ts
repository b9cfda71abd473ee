import { assert } from '#src/kit/assert.js'
import { ProcessUsage } from '../suite/process-usage.js'
import type { Sample } from '../suite/sample.js'
import { Course } from './course.js'
import { PartProcess } from './part-process.js'

/**
 * Measures several processes together, and the servers between them, from when their threads are warm until the first
 * has no more to do.
 */
export class MeasuredParts {
  readonly #course: Course
  readonly #parts: PartProcess[] = []
  #usage: ProcessUsage | undefined
  #startedAt = 0
  #spent: (ReturnType<ProcessUsage['stop']> & { readonly seconds: number }) | undefined

  /**
   * @param warmUp records that are made before anything counts
   * @param share records that each thread makes
   * @param servers pids of what works for them
   */
  constructor(warmUp: number, share: number, servers: readonly number[]) {
    this.#course = new Course({
      warmUp,
      share,
      onWarm: () => {
        this.#startedAt = performance.now()
        this.#usage = new ProcessUsage([...servers, ...this.#parts.map(({ pid }) => pid)])
      },
      onWayOut: () => {
        const seconds = (performance.now() - this.#startedAt) / 1_000
        this.#spent = { seconds, ...this.#usage?.stop() }
      },
    })
  }

  /** One more. @param program beside this file */
  async start(program: string, input: unknown): Promise<void> {
    const number = this.#parts.length
    this.#parts.push(await PartProcess.started(program, input, (news) => this.#course.onNews(news, number)))
  }

  /** The word to all. Resolves with the rows that each has counted. */
  say(): Promise<readonly number[]> {
    return Promise.all(this.#parts.map((part) => part.say()))
  }

  /** @param at milliseconds since 1970 */
  onCheckpoint(at: number, durationMs: number): void {
    this.#course.onCheckpoint(at, durationMs)
  }

  measured(): Sample {
    const steady = this.#course.steady()
    assert(this.#spent !== undefined, 'a run with a steady state was measured', { count: steady.count })
    return { ...steady, ...this.#spent }
  }

  async end(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.end()))
  }
}
