import type { JobPlan } from '../graph/job-plan.js'
import type { Clock } from '../kit/clock.js'
import type { BundleCache } from './bundle-cache.js'
import { type BuildRequest, buildPlan } from './job-loader.js'

/** Plans jobs for whoever directs them, without a line of the user's code in his thread. */
export interface JobPlanner {
  /** The plan of the job in the bundle with that sha256. Throws what the user's file or the request is refused for. */
  plan(bundle: string, request: BuildRequest): Promise<JobPlan>
}

/** Plans in throw-away threads, from the bundles that a node has fetched. */
export function bundlePlanner(bundles: BundleCache, clock: Clock): JobPlanner {
  return { plan: async (bundle, request) => buildPlan(await bundles.path(bundle), request, { clock }) }
}
