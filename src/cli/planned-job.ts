import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { BUNDLE_FILE } from '../cluster/bundle-cache.js'
import { bundleJob } from '../cluster/job-bundle.js'
import { type BuildRequest, buildPlan } from '../cluster/job-loader.js'
import type { JobPlan } from '../graph/job-plan.js'
import type { Clock } from '../kit/clock.js'
import { placed } from '../kit/errors.js'

export interface PlannedJob {
  readonly plan: JobPlan
  readonly bundleBytes: number
  readonly bundleMs: number
  /** Set when the bundle is larger than is usual. */
  readonly warning: string | undefined
}

/** What a job file becomes, without running it. Throws what the file or its parameters are refused for. */
export async function planFile(file: string, request: BuildRequest, clock: Clock): Promise<PlannedJob> {
  const startedAt = clock.now()
  const { code, map, hash, bytes, warning } = await bundleJob(file)
  const bundleMs = clock.now() - startedAt
  const directory = await mkdtemp(join(tmpdir(), 'retake-plan-'))
  try {
    const path = join(directory, BUNDLE_FILE)
    await writeFile(`${path}.map`, map)
    await writeFile(path, code)
    const plan = await buildPlan(path, request, { clock, hash })
    return { plan, bundleBytes: bytes, bundleMs, warning }
  } catch (error) {
    // Of no line in it.
    throw placed(error, resolve(file))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
