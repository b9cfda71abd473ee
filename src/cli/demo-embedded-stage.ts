import { type JobHandle, type JobSubmission, Node } from '../../actors/node.js'
import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import type { Random } from '../kit/random.js'
import type { DemoStage, Victim } from './demo-stage.js'
import { type StateDirectory, stateDirectory } from './state-directory.js'

export interface EmbeddedStageOptions {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** The whole cluster in this process, which crashes a thread of its own. */
export class EmbeddedStage implements DemoStage {
  readonly intention = ['A thread will be crashed on the way; in the end every count must be exact.']
  readonly prop = 'a thread'
  readonly parallelism = 2
  readonly broken = new Promise<never>(() => {})
  readonly #options: EmbeddedStageOptions
  #state: StateDirectory | undefined
  #node: Promise<Node> | undefined

  constructor(options: EmbeddedStageOptions) {
    this.#options = options
  }

  async build(): Promise<void> {
    this.#state = await stateDirectory(undefined)
    this.#node = Node.start({
      ...this.#options,
      stateDirectory: this.#state.path,
      slots: this.parallelism,
    })
    await this.#node
  }

  async submit(submission: JobSubmission): Promise<JobHandle> {
    return (await this.#started()).submit(submission)
  }

  async victim(): Promise<Victim> {
    const node = await this.#started()
    return {
      name: 'crash',
      text: 'a slot thread is terminated, with all that it has in memory',
      crash: () => node.crashSlot(),
    }
  }

  async placement(): Promise<undefined> {}

  /** A slot opens a new thread by itself. */
  async mend(): Promise<void> {}

  async close(): Promise<void> {
    const node = await this.#node?.catch(() => undefined)
    await node?.stop()
    this.#state?.release()
  }

  #started(): Promise<Node> {
    assert(this.#node !== undefined, 'the stage is built before it is used')
    return this.#node
  }
}
