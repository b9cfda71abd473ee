import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { buildJob, type LoadedJob, loadJob } from '#src/cluster/job-loader.js'
import { type ErrorInfo, errorInfoOf } from '#src/kit/errors.js'

/** Builds each of the jobs in a bundle, and says what it is refused for: a thread as a node's, with nobody's loader. */
const { path } = workerData as { readonly path: string }

await loadJob(path)
const { JOBS } = (await import(pathToFileURL(path).href)) as {
  readonly JOBS: readonly (readonly [mistake: string, job: LoadedJob])[]
}

function refusalOf(job: LoadedJob): ErrorInfo | undefined {
  try {
    buildJob(job, { params: {} })
    return undefined
  } catch (error) {
    return errorInfoOf(error)
  }
}

export type Refusals = readonly (readonly [mistake: string, refusal: ErrorInfo | undefined])[]

parentPort?.postMessage(JOBS.map(([mistake, job]) => [mistake, refusalOf(job)]) satisfies Refusals)
