import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JobEvent } from '#actors/job-event.js'
import { type JobHandle, type JobSubmission, Node, type NodeOptions } from '#actors/node.js'
import { DirectoryStateStore } from '#src/cluster/directory-state-store.js'
import { JobStore } from '#src/cluster/job-store.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { PROJECT } from '../support/project.js'

export type CastOptions = Partial<NodeOptions>

/** The whole cast in this process: worker threads, files, real time. What a test leaves behind goes with its folder. */
export class Cast {
  readonly folder: string
  readonly #nodes: Node[] = []

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'retake-cast-'))
  }

  get stateDirectory(): string {
    return join(this.folder, 'state')
  }

  async node(options: CastOptions = {}): Promise<Node> {
    const node = await Node.start({
      stateDirectory: this.stateDirectory,
      slots: 4,
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      ...options,
    })
    this.#nodes.push(node)
    return node
  }

  /** What the state directory holds, whether a node is there or not. */
  store(): JobStore {
    const state = new DirectoryStateStore({ directory: this.stateDirectory })
    return new JobStore({ state, random: systemRandom, wallTime: () => 0 })
  }

  path(...names: string[]): string {
    return join(this.folder, ...names)
  }

  /** Of the job in `jobs/<name>.ts`. Its output folder is `output` unless its parameters say another. */
  submission(
    name: string,
    params: Readonly<Record<string, string | number>> = {},
    more: Partial<JobSubmission> = {},
  ): JobSubmission {
    const texts = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, String(value)]))
    return { file: jobFile(name), params: { output: this.path('output'), ...texts }, ...more }
  }

  async stop(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export function jobFile(name: string): string {
  return join(PROJECT, 'test', 'cast', 'jobs', `${name}.ts`)
}

type Awaited<T extends JobEvent['type']> = Extract<JobEvent, { type: T }>

/** What was heard of a job, and a way to wait for what will be. */
export class Followed {
  readonly job: JobHandle
  readonly events: JobEvent[] = []
  readonly #waiting = new Set<(event: JobEvent) => void>()

  constructor(job: JobHandle) {
    this.job = job
    job.follow((event) => {
      this.events.push(event)
      for (const hear of this.#waiting) hear(event)
    })
  }

  of<T extends JobEvent['type']>(type: T): Awaited<T>[] {
    return this.events.filter((event): event is Awaited<T> => event.type === type)
  }

  /** The first such event from now on. Rejects when the job ends without one. */
  next<T extends JobEvent['type']>(
    type: T,
    isWanted: (event: Awaited<T>) => boolean = () => true,
  ): Promise<Awaited<T>> {
    return new Promise((resolve, reject) => {
      const hear = (event: JobEvent): void => {
        const isOne = event.type === type && isWanted(event as Awaited<T>)
        if (!isOne && event.type !== 'ended') return
        this.#waiting.delete(hear)
        if (isOne) resolve(event as Awaited<T>)
        else reject(new Error(`no such ${type} event before the job ended: ${told(event)}`))
      }
      this.#waiting.add(hear)
    })
  }

  /** So many more checkpoints are complete; the last of them. */
  async completed(checkpoints = 1): Promise<number> {
    let last = 0
    for (let i = 0; i < checkpoints; i++) {
      const { record } = await this.next('checkpoint', (event) => event.record.state === 'completed')
      last = record.checkpoint
    }
    return last
  }

  /** All subtasks of a further attempt run. */
  async running(): Promise<void> {
    await this.next('status', ({ status, reason }) => status === 'RUNNING' && reason === undefined)
  }

  attempts(): number {
    return this.of('attempt').length
  }
}

function told(event: JobEvent): string {
  return event.type === 'ended' ? `${event.outcome} ${event.error?.message ?? ''}` : event.type
}

/** Every line of every published file of a folder; of those that are wanted. */
export function published<T>(folder: string, isWanted: (name: string) => boolean = () => true): T[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl') && isWanted(name))
  return files.flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as T),
  )
}
