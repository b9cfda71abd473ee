import { parentPort, workerData } from 'node:worker_threads'
import { errorInfoOf } from '../kit/errors.js'
import { buildJob, loadJob, type PlanReport, type PlanWorkerData } from './job-loader.js'

/** The thread that imports a job only to plan it, and is thrown away with all that the import left behind. */
const { path, request } = workerData as PlanWorkerData

async function plan(): Promise<PlanReport> {
  try {
    return { ok: true, plan: buildJob(await loadJob(path), request).plan }
  } catch (error) {
    return { ok: false, error: errorInfoOf(error) }
  }
}

parentPort?.postMessage(await plan())
