import { BroadcastChannel } from 'node:worker_threads'
import { assert } from '#src/kit/assert.js'
import { Meter } from '../suite/meter.js'
import type { Percentiles, Sample } from '../suite/sample.js'
import { Course } from './course.js'
import { NEWS, type ThreadNews } from './progress.js'

/** Listens to the threads of this process, and measures it from when they are warm. */
export class MeasuredProcess {
  readonly #course: Course
  readonly #news = new BroadcastChannel(NEWS)
  #meter: Meter | undefined

  /** @param warmUp records that are made before anything counts */
  constructor(warmUp: number) {
    this.#course = new Course(warmUp, () => {
      this.#meter = new Meter()
    })
    this.#news.onmessage = (event) => this.#course.onNews((event as { data: ThreadNews }).data)
  }

  /** @param at milliseconds since 1970 */
  onCheckpoint(at: number, durationMs: number): void {
    this.#course.onCheckpoint(at, durationMs)
  }

  /** What its threads have told of it; those that have ended have told all. */
  latency(of: string): Percentiles {
    return this.#course.latency(of)
  }

  /** All `total` records are through. */
  measured(total: number): Sample {
    const spent = this.#meter?.stop()
    const { count, gcSeconds, timeline } = this.#course.end(total)
    assert(spent !== undefined, 'a run that ended warm was measured', { total })
    return { count, ...spent, gcSeconds: gcSeconds + spent.gcSeconds, timeline }
  }

  /** Listens no more. */
  close(): void {
    this.#news.close()
  }
}
