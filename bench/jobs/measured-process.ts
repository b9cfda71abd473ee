import { BroadcastChannel } from 'node:worker_threads'
import { assert } from '#src/kit/assert.js'
import { Meter } from '../suite/meter.js'
import type { Percentiles, Sample } from '../suite/sample.js'
import { Course } from './course.js'
import { NEWS, type ThreadNews } from './progress.js'

/** Listens to the threads of this process, and measures it from when they are warm until the first has no more to do. */
export class MeasuredProcess {
  readonly #course: Course
  readonly #news = new BroadcastChannel(NEWS)
  #meter: Meter | undefined
  #spent: ReturnType<Meter['stop']> | undefined

  /**
   * @param warmUp records that are made before anything counts
   * @param share records that each thread makes
   */
  constructor(warmUp: number, share: number) {
    this.#course = new Course({
      warmUp,
      share,
      onWarm: () => {
        this.#meter = new Meter()
      },
      onWayOut: () => {
        this.#spent = this.#meter?.stop()
      },
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

  /** Listens no more. */
  measured(): Sample {
    this.#news.close()
    const { count, gcSeconds, timeline } = this.#course.steady()
    const spent = this.#spent
    assert(spent !== undefined, 'a run with a steady state was measured', { count })
    return { count, ...spent, gcSeconds: gcSeconds + spent.gcSeconds, timeline }
  }
}
