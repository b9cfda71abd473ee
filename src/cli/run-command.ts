import type { JobEnd, JobHandle } from '../../actors/node.js'
import type { JobPlan } from '../graph/job-plan.js'
import { version } from '../kit/version.js'
import { type ClusterCommand, type ClusterScene, clusterCommand, isJson } from './cluster-command.js'
import { errorJson, jsonText } from './cluster-json.js'
import type { Order } from './controls.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { EXIT_OF_OUTCOME, FollowedJob } from './followed-job.js'
import { bundledLines, graphText, submissionOf, viewOf } from './job-submission.js'
import { planFile } from './planned-job.js'
import { noteLine, stepLine } from './progress-line.js'

const KEYS = '  c checkpoint · q leave it running'

/** How long a job is watched: until it ends, or until somebody has seen enough. */
type Watched = { readonly left: ExitCode } | { readonly end: JobEnd }

/** Starts a job on the cluster and shows it until it ends. Whoever stops looking does not stop the job. */
export const run: ClusterCommand = async (scene) => {
  const { clock, terminal, invocation, cluster, controls, waiting } = scene
  const submission = submissionOf(invocation)
  terminal.talk(terminal.palette.strong(`retake ${version()} · ${scene.shown}`))
  const planned = await waiting('bundling and planning', planFile(submission.file, submission, clock))
  for (const line of bundledLines(submission.file, planned, terminal)) terminal.talk(line)
  const { plan } = planned
  const { name } = plan
  terminal.talk(stepLine(terminal, 'graph', graphText(plan)))

  const watch = new Watch(scene, plan)
  const release = controls.listen((order) => watch.onOrder(order))
  try {
    const since = clock.now()
    const { fingerprint } = plan
    const job = await waiting('submitting', cluster.submit({ ...submission, fingerprint }))
    terminal.talk(stepLine(terminal, 'submitted', `${name}, run ${job.run}`, clock.now() - since))
    if (invocation.isSet('detach')) {
      terminal.data(isJson(invocation) ? jsonText({ run: job.run, job: name }) : `${job.run}\n`)
      terminal.talk(noteLine(terminal, `see it: retake show ${name}; end it: retake cancel ${name}`))
      return EXIT.ok
    }
    if (controls.hasKeys) terminal.talk(terminal.palette.faint(KEYS))
    const watched = await watch.follow(job)
    if (isJson(invocation)) terminal.data(jsonText({ run: job.run, job: name, ...resultJson(watched) }))
    return 'left' in watched ? watched.left : EXIT_OF_OUTCOME[watched.end.outcome]
  } finally {
    release()
  }
}

export const runCommand = clusterCommand(run)

function resultJson(watched: Watched): object {
  const end = 'end' in watched ? watched.end : undefined
  return {
    outcome: end?.outcome ?? null,
    checkpoint: end?.checkpoint ?? null,
    error: errorJson(end?.error),
  }
}

/** Somebody who watches a job. */
class Watch {
  readonly #scene: ClusterScene
  readonly #plan: JobPlan
  #followed: FollowedJob | undefined
  #leave: ((code: ExitCode) => void) | undefined

  constructor(scene: ClusterScene, plan: JobPlan) {
    this.#scene = scene
    this.#plan = plan
  }

  async follow(job: JobHandle): Promise<Watched> {
    const { terminal, clock } = this.#scene
    try {
      return await new Promise<Watched>((resolve, reject) => {
        job.ended.catch(reject) // nobody can tell any more how it goes on
        this.#leave = (left) => {
          this.#leave = undefined
          terminal.talk(noteLine(terminal, `${this.#plan.name} goes on; see it: retake show ${job.run}`))
          terminal.talk(noteLine(terminal, `end it: retake cancel ${job.run}`))
          resolve({ left })
        }
        const view = viewOf(this.#plan, terminal, clock)
        const onEnded = (end: JobEnd) => resolve({ end })
        this.#followed = new FollowedJob({ job, view, terminal, clock, onEnded })
      })
    } finally {
      this.#followed?.close()
    }
  }

  onOrder(order: Order): void {
    if (order === 'crash-slot') return
    if (order === 'checkpoint') return this.#followed?.takeCheckpoint()
    const code = CODES[order]
    if (this.#leave !== undefined) return this.#leave(code)
    const { terminal, exitNow } = this.#scene
    // Before there was a job to leave, or while it is being left.
    if (this.#followed === undefined) {
      terminal.talk(noteLine(terminal, 'it may have been submitted by now: retake list'))
    }
    exitNow(code === EXIT.ok ? EXIT.interrupted : code)
  }
}

const CODES = { stop: EXIT.ok, interrupt: EXIT.interrupted, terminate: EXIT.terminated } as const
