import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type JobHandle, Node } from '#actors/node.js'
import { systemClock } from '#src/kit/clock.js'
import { errorOf } from '#src/kit/errors.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { PROJECT } from '../support/project.js'

/** The whole cast in this process, with a folder for a test's files. */
export class LocalCluster {
  readonly folder: string
  readonly node: Node

  private constructor(folder: string, node: Node) {
    this.folder = folder
    this.node = node
  }

  static async start(slots = 2): Promise<LocalCluster> {
    const folder = mkdtempSync(join(tmpdir(), 'retake-cluster-'))
    const node = await Node.start({
      stateDirectory: join(folder, 'state'),
      slots,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
    })
    return new LocalCluster(folder, node)
  }

  async stop(): Promise<void> {
    await this.node.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** @param file below the project */
  submit(file: string, params: Readonly<Record<string, string>>, parallelism = 2): Promise<JobHandle> {
    return this.node.submit({ file: join(PROJECT, file), params, parallelism })
  }

  /** Runs a bounded job to its end. Throws what it failed for. */
  async finish(job: JobHandle): Promise<void> {
    const { outcome, error } = await job.ended
    if (error !== undefined) throw errorOf(error)
    if (outcome !== 'finished') throw new Error(`the job has ${outcome}`)
  }

  /** Resolves when the job has completed so many checkpoints from now on. */
  completed(job: JobHandle, checkpoints: number): Promise<void> {
    let completed = 0
    return new Promise((resolve, reject) => {
      job.follow((event) => {
        if (event.type === 'ended') reject(new Error(`the job has ${event.outcome}: ${event.error?.message}`))
        if (event.type !== 'checkpoint' || event.record.state !== 'completed') return
        if (++completed === checkpoints) resolve()
      })
    })
  }
}
