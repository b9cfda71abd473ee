import type { Cluster, ClusterClientOptions } from '#actors/cluster-client.js'
import type { JobDetails, JobSummary, NodeStatus, ThreadActors } from '#actors/cluster-view.js'
import type { JobEvent } from '#actors/job-event.js'
import type { JobEnd, JobHandle, JobSubmission } from '#actors/node.js'
import type { Address } from '#src/actor/actor.js'
import type { ActorSnapshot } from '#src/actor/actor-snapshot.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { actors } from '#src/cli/actors-command.js'
import { cancel } from '#src/cli/cancel-command.js'
import { checkpoints } from '#src/cli/checkpoints-command.js'
import { type ClusterCommand, runOnCluster } from '#src/cli/cluster-command.js'
import type { RunCommand } from '#src/cli/command.js'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import type { Order } from '#src/cli/controls.js'
import type { ExitCode } from '#src/cli/exit-code.js'
import { list } from '#src/cli/list-command.js'
import { nodes } from '#src/cli/nodes-command.js'
import { run } from '#src/cli/run-command.js'
import { show } from '#src/cli/show-command.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type {
  Attempt,
  CheckpointId,
  NodeId,
  OperatorId,
  RunId,
  SlotIndex,
  SubtaskId,
  VertexIndex,
} from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { recordingTerminal } from './recording-terminal.js'

/** The time of day at which everything is asked. */
export const NOW = 1_700_000_000_000
const MINUTE = 60_000

export const LOST: ErrorInfo = errorInfoOf(
  new RetakeError('RT1512', {
    what: 'the task manager node-b is lost',
    why: 'it was silent for 25 s',
    fix: 'see its log',
    where: 'node-b',
    cause: new Error('connection reset'),
  }),
)

export function checkpointOf(checkpoint: number, more: Partial<CheckpointRecord> = {}): CheckpointRecord {
  return {
    checkpoint: checkpoint as CheckpointId,
    attempt: 2 as Attempt,
    cause: 'periodic',
    state: 'completed',
    triggeredAt: NOW - 14_000,
    durationMs: 23,
    bytes: 1_258_291,
    acknowledged: 4,
    subtasks: 4,
    slowest: {
      subtask: '1-0' as SubtaskId,
      durationMs: 21,
      timings: { alignmentMs: 3, captureMs: 1, uploadMs: 17 },
    },
    failure: undefined,
    ...more,
  }
}

export function summaryOf(more: Partial<JobSummary> = {}): JobSummary {
  return {
    run: '7hq2k9x0c4vd' as RunId,
    job: 'click-count',
    status: 'RUNNING',
    reason: undefined,
    submittedAt: NOW - 41 * MINUTE,
    attempt: 2 as Attempt,
    subtasks: { running: 4, total: 4 },
    metrics: {
      recordsIn: 90_000_000,
      recordsOut: 24_000_000,
      recordsSkipped: 3,
      busyMs: 60_000,
      backpressuredMs: 2_000,
    },
    rates: { recordsInPerSecond: 66_120, recordsOutPerSecond: 18_004, busy: 0.61, backpressured: 0.02 },
    checkpoint: checkpointOf(412),
    ...more,
  }
}

export const WAITING = summaryOf({
  run: '7hz1p3m8w2ab' as RunId,
  job: 'attribution',
  status: 'CREATED',
  reason: 'waiting for slots: needs 8 slots, 2 free on 2 task managers: 6 slots missing',
  submittedAt: NOW - 12_000,
  attempt: 0 as Attempt,
  subtasks: { running: 0, total: 24 },
  metrics: undefined,
  rates: undefined,
  checkpoint: undefined,
})

export const ENDED = summaryOf({
  run: 'b0c1d2e3f4g5' as RunId,
  status: 'FAILED',
  reason: 'RT1601 user code threw in the operator "map-1"',
  submittedAt: NOW - 50 * 60 * MINUTE,
  subtasks: { running: 0, total: 4 },
  metrics: undefined,
  rates: undefined,
})

const operator = (id: string, kind: string) => ({ id: id as OperatorId, kind, where: 'jobs/clicks.ts:8' })

const PLAN: JobPlan = {
  name: 'click-count',
  vertices: [
    {
      index: 0 as VertexIndex,
      name: 'clicks → filter-1 → map-1',
      parallelism: 2,
      maxParallelism: 128,
      operators: [operator('clicks', 'source')],
    },
    {
      index: 1 as VertexIndex,
      name: 'count → table',
      parallelism: 2,
      maxParallelism: 128,
      operators: [operator('count', 'sum')],
    },
  ],
  edges: [{ from: 0 as VertexIndex, to: 1 as VertexIndex, partitioner: 'hash' }],
  checkpoint: {
    mode: 'exactly-once',
    intervalMs: 10_000,
    timeoutMs: 600_000,
    minPauseMs: 0,
    maxConcurrent: 1,
    tolerableFailures: 0,
    retained: 3,
  },
  restart: { type: 'exponential-delay' },
  fingerprint: '9c41'.repeat(16),
}

const placed = (vertex: number, index: number, node: string) => ({
  subtask: `${vertex}-${index}` as SubtaskId,
  vertex: PLAN.vertices[vertex]?.name ?? '',
  state: 'RUNNING' as const,
  node: node as NodeId,
  slot: index as SlotIndex,
  metrics: {
    recordsIn: 45_000_000,
    recordsOut: 12_000_000,
    recordsSkipped: 0,
    bytesOut: 61 * 1024 * 1024,
    busyMs: 30_000,
    backpressuredMs: 1_000,
  },
})

export function detailsOf(summary: JobSummary): JobDetails {
  return {
    ...summary,
    bundle: '4f0c2a81d7e6'.repeat(5),
    plan: PLAN,
    placed: [
      placed(0, 0, 'node-a-1'),
      placed(0, 1, 'node-b-1'),
      placed(1, 0, 'node-a-1'),
      placed(1, 1, 'node-b-1'),
    ],
    attempts: [
      { attempt: 2 as Attempt, from: 410 as CheckpointId, startedAt: NOW - 18_000, ended: undefined },
      {
        attempt: 1 as Attempt,
        from: 0 as CheckpointId,
        startedAt: undefined,
        ended: { at: NOW - 20_000, how: 'failed', reason: LOST.message },
      },
    ],
    checkpoints: [
      checkpointOf(413, { state: 'collecting', acknowledged: 3, triggeredAt: NOW - 400, durationMs: 400 }),
      checkpointOf(412),
      checkpointOf(411, { state: 'failed', failure: LOST, triggeredAt: NOW - 24_000, slowest: undefined }),
    ],
    failures: [{ at: NOW - 20_000, attempt: 1 as Attempt, error: LOST }],
    retained: [409, 410, 412] as CheckpointId[],
    error: summary.status === 'FAILED' ? LOST : undefined,
  }
}

export function nodeOf(name: string, more: Partial<NodeStatus> = {}): NodeStatus {
  return {
    node: `${name}-1` as NodeId,
    name,
    host: `${name}.example`,
    pid: 4_711,
    version: '0.1.0',
    protocol: 1,
    cpus: 8,
    memoryBytes: 16 * 1024 ** 3,
    labels: {},
    startedAt: NOW - 74 * 60 * MINUTE,
    roles: ['job-manager', 'task-manager'],
    isLeader: false,
    state: 'alive',
    slots: 4,
    freeSlots: 2,
    residentBytes: 182 * 1024 ** 2,
    heardAgoMs: 320,
    clockSkewMs: 0,
    wallTime: NOW + (more.clockSkewMs ?? 0),
    fencedWrites: 0,
    taskManager: { address: `${name}.node.task-manager-0` as Address },
    ...more,
  }
}

export function actorOf(
  address: string,
  children: readonly ActorSnapshot[] = [],
  more: Partial<ActorSnapshot> = {},
): ActorSnapshot {
  return {
    address: address as Address,
    state: 'running',
    system: 0,
    control: 0,
    data: 'none',
    oldestMs: 0,
    restarts: 0,
    lastError: undefined,
    doing: 'waiting for messages',
    about: undefined,
    children,
    ...more,
  }
}

export const THREADS: readonly ThreadActors[] = [
  {
    node: 'node-a-1' as NodeId,
    name: 'node-a',
    slot: undefined,
    tree: actorOf('s1', [
      actorOf('s1.node', [
        actorOf('s1.node.job-manager', [
          actorOf('s1.node.job-manager.resource-manager', [], {
            control: 2,
            oldestMs: 12,
            doing: 'waiting for a turn',
          }),
          actorOf(
            's1.node.job-manager.r-7hq2k9x0c4vd',
            [actorOf('s1.node.job-manager.r-7hq2k9x0c4vd.checkpoints')],
            {
              about: { job: 'click-count' },
            },
          ),
        ]),
        actorOf('s1.node.task-manager-0', [], { restarts: 1, lastError: LOST }),
      ]),
    ]),
  },
  {
    node: 'node-a-1' as NodeId,
    name: 'node-a',
    slot: 0 as SlotIndex,
    tree: actorOf('s2', [
      actorOf('s2.slot', [
        actorOf('s2.slot.s-0-0', [], { data: 'ready', about: { vertex: 'clicks → filter-1 → map-1' } }),
        actorOf('s2.slot.s-1-0', [], {
          control: 3_981,
          oldestMs: 1_880,
          doing: 'in a turn',
          about: { vertex: 'count → table' },
        }),
      ]),
    ]),
  },
]

/** A cluster that answers what a test says, and writes down what it was asked. */
export class FakeCluster implements Cluster {
  readonly asked: string[] = []
  readonly submissions: JobSubmission[] = []
  summaries: readonly JobSummary[] = [WAITING, summaryOf(), ENDED]
  statuses: readonly NodeStatus[] = [
    nodeOf('node-a', { isLeader: true }),
    nodeOf('node-b', {
      roles: ['task-manager'],
      freeSlots: 0,
      clockSkewMs: 812.4,
      labels: { zone: 'b', disk: 'ssd' },
      heardAgoMs: 1_240,
    }),
    nodeOf('node-c', { roles: ['job-manager'], slots: 0, freeSlots: 0, state: 'draining', clockSkewMs: -3 }),
  ]
  threads: readonly ThreadActors[] = THREADS
  record: CheckpointRecord = checkpointOf(414, { cause: 'on-demand' })
  /** Every question is answered with it. */
  refusal: Error | undefined
  #listener: (event: JobEvent) => void = () => {}
  #end!: (end: JobEnd) => void
  #lose!: (error: Error) => void
  readonly #ended = new Promise<JobEnd>((resolve, reject) => {
    this.#end = resolve
    this.#lose = reject
  })
  #isFollowed!: () => void
  readonly followed = new Promise<void>((resolve) => {
    this.#isFollowed = resolve
  })
  #isCanceled!: () => void
  readonly canceled = new Promise<void>((resolve) => {
    this.#isCanceled = resolve
  })

  constructor() {
    this.#ended.catch(() => {})
  }

  publish(event: JobEvent): void {
    this.#listener(event)
  }

  end(outcome: JobEnd['outcome']): void {
    const error = outcome === 'failed' ? LOST : undefined
    const end = { outcome, error, checkpoint: 412 as CheckpointId }
    this.publish({ type: 'ended', run: 'new0run' as RunId, ...end })
    this.#end(end)
  }

  lose(error: Error): void {
    this.#lose(error)
  }

  async submit(submission: JobSubmission): Promise<JobHandle> {
    this.submissions.push(submission)
    return this.#answer('submit', this.#handle('new0run' as RunId))
  }

  async attach(run: RunId): Promise<JobHandle> {
    return this.#answer(`attach ${run}`, this.#handle(run))
  }

  async jobs(): Promise<readonly JobSummary[]> {
    return this.#answer('jobs', this.summaries)
  }

  async job(run: RunId): Promise<JobDetails> {
    const summary = this.summaries.find((each) => each.run === run)
    if (summary === undefined) throw new Error(`nobody asked for ${run}`)
    return this.#answer(`job ${run}`, detailsOf(summary))
  }

  async nodes(): Promise<readonly NodeStatus[]> {
    return this.#answer('nodes', this.statuses)
  }

  async actors(): Promise<readonly ThreadActors[]> {
    return this.#answer('actors', this.threads)
  }

  async close(): Promise<void> {
    this.asked.push('close')
  }

  #answer<T>(question: string, answer: T): T {
    this.asked.push(question)
    if (this.refusal !== undefined) throw this.refusal
    return answer
  }

  #handle(run: RunId): JobHandle {
    return {
      run,
      plan: PLAN,
      follow: (listener) => {
        this.#listener = listener
        this.#isFollowed()
      },
      cancel: async () => {
        this.asked.push('cancel')
        this.#isCanceled()
      },
      checkpointNow: async () => this.record,
      ended: this.#ended,
    }
  }
}

const RUNNERS: Readonly<Record<string, ClusterCommand>> = {
  actors,
  cancel,
  checkpoints,
  list,
  nodes,
  run,
  show,
}

export interface Typed {
  readonly code: Promise<ExitCode>
  readonly clock: VirtualClock
  readonly exits: ExitCode[]
  /** What the client was connected with. */
  readonly connections: ClusterClientOptions[]
  order(order: Order): void
  data(): string
  talk(): string
}

/** Types one command line at a cluster. */
export function type(
  args: readonly string[],
  cluster: FakeCluster = new FakeCluster(),
  environment: Record<string, string> = {},
  isTerminal = false,
): Typed {
  const { terminal, data, talk } = recordingTerminal({ isTerminal })
  const clock = new VirtualClock(NOW)
  const exits: ExitCode[] = []
  const connections: ClusterClientOptions[] = []
  let listener: (order: Order) => void = () => {}
  const controls = {
    hasKeys: isTerminal,
    listen: (told: (order: Order) => void) => {
      listener = told
      return () => {}
    },
  }
  const connect = async (options: ClusterClientOptions) => {
    connections.push(options)
    return cluster
  }
  const exitNow = (code: ExitCode) => void exits.push(code)
  const surroundings = { clock, random: seededRandom(1), controls, connect, exitNow }
  const commands = COMMANDS.map((command) => {
    const runner = RUNNERS[command.name]
    if (runner === undefined) return command
    const load = async (): Promise<RunCommand> => (given, its) =>
      runOnCluster(runner, given, its, surroundings)
    return { ...command, load }
  })
  const code = runCommandLine(args, commands, terminal, environment)
  return { code, clock, exits, connections, order: (order) => listener(order), data, talk }
}

/** Types a line and waits for its end. */
export async function typed(line: string, cluster?: FakeCluster, environment?: Record<string, string>) {
  const { code, data, talk, connections } = type(line.split(' '), cluster, environment)
  return { code: await code, data: data(), talk: talk(), connections }
}
