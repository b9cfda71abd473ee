import { assert } from '#src/kit/assert.js'
import { ProcessUsage } from '../suite/process-usage.js'
import type { Sample } from '../suite/sample.js'
import { Course } from './course.js'
import { PartProcess } from './part-process.js'

/** Measures several processes together, and the servers between them, from when their threads are warm. */
export class MeasuredParts {
  readonly #course: Course
  readonly #parts: PartProcess[] = []
  #usage: ProcessUsage | undefined
  #startedAt = 0

  /** @param servers pids of what works for them */
  constructor(warmUp: number, servers: readonly number[]) {
    this.#course = new Course(warmUp, () => {
      this.#startedAt = performance.now()
      this.#usage = new ProcessUsage([...servers, ...this.#parts.map(({ pid }) => pid)])
    })
  }

  get parts(): readonly PartProcess[] {
    return this.#parts
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

  /** All `total` records are through. */
  measured(total: number): Sample {
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const course = this.#course.end(total)
    assert(this.#usage !== undefined, 'a run that ended warm was measured', { total })
    return { ...course, seconds, ...this.#usage.stop() }
  }

  async end(): Promise<void> {
    await Promise.all(this.#parts.map((part) => part.end()))
  }
}
