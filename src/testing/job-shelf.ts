import { createHash } from 'node:crypto'
import type { Job } from '../api/job.js'
import { buildJob, type LoadedJob } from '../cluster/job-loader.js'
import type { JobPlanner } from '../cluster/job-planner.js'

/** Jobs by the hash of what would be their bundle: each is made anew wherever it is planned or run. */
export class JobShelf {
  readonly #jobs = new Map<string, () => Job>()

  readonly planner: JobPlanner = {
    plan: async (bundle, request) => buildJob(await this.load(bundle), request).plan,
  }

  /** @returns the sha256 that orders name it by */
  add(make: () => Job): string {
    const bundle = createHash('sha256').update(`job ${this.#jobs.size}`).digest('hex')
    this.#jobs.set(bundle, make)
    return bundle
  }

  async load(bundle: string): Promise<LoadedJob> {
    const make = this.#jobs.get(bundle)
    if (make === undefined) throw new Error(`no job is on the shelf under ${bundle}`)
    return make()
  }
}
