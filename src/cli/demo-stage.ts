import type { JobHandle, JobSubmission } from '../../actors/node.js'

/**
 * What the demonstration runs on: all in this process (`demo-embedded-stage.ts`), or a cluster of processes
 * (`demo-cluster-stage.ts`). One stage runs one job.
 */
export interface DemoStage {
  /** What will be crashed, for whoever has just started it; sentences. */
  readonly intention: readonly string[]
  /** What the key `k` crashes. */
  readonly prop: string
  readonly parallelism: number
  /** Never resolves; rejects when the stage has broken down by itself. */
  readonly broken: Promise<never>
  /** Starts all that it is made of, and tells it as it stands. */
  build(say: (fact: Fact) => void): Promise<void>
  submit(submission: JobSubmission): Promise<JobHandle>
  /** Whoever could be crashed now; undefined: nobody runs anything. */
  victim(): Promise<Victim | undefined>
  /** Who runs what, for people; undefined: there is nothing to tell. */
  placement(): Promise<string | undefined>
  /** Starts again what was crashed, and tells it when it stands. */
  mend(say: (fact: Fact) => void): Promise<void>
  /** Ends all that it started, at once. */
  close(): Promise<void>
}

/** One line of what is told: `name` is a word or two. */
export interface Fact {
  readonly name: string
  readonly text: string
}

/** Named by how it ends. */
export interface Victim extends Fact {
  /** False: it had ended already. */
  crash(): Promise<boolean>
}
