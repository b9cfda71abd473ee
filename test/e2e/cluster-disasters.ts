import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { heldCommits, holdCommits } from '../support/held-commits.js'
import type { PostgresServer } from '../support/postgres-server.js'
import type { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { SLOTS, type TestCluster } from './cluster.js'
import { restartPostgresInCommit } from './disasters.js'
import type { Fault, Stage } from './fault.js'
import type { UsedSlot } from './placed-slots.js'
import { inMs } from './shown.js'
import type { SubmittedJob } from './submitted-job.js'

export interface ClusterWorld extends Stage {
  readonly cluster: TestCluster
  readonly job: SubmittedJob
  readonly postgres: PostgresServer
  /** A user who clicks all the time. */
  readonly busyUser: string
  /** Starts a task manager that reaches PostgreSQL through a proxy of its own. */
  join(name: string): Promise<number>
  proxyOf(name: string): TcpProxy
}

export interface ClusterDisaster extends Fault<ClusterWorld, Struck> {
  /** New attempts that it may cost at most. */
  readonly attemptsMax?: number
}

export interface Struck {
  /** Milliseconds of `performance.now()`: when the fault was there. */
  readonly at: number
  /** For people: whom it struck, and what came of it. */
  readonly told: string
}

type Choice = (slots: readonly UsedSlot[]) => UsedSlot | undefined

const busiest: Choice = (slots) => slots[0]
const idlest: Choice = (slots) => slots.at(-1)

/** All that happens to one run, in order, and each once the job has got over the one before. */
export const CLUSTER_DISASTERS: readonly ClusterDisaster[] = [
  {
    name: 'the task manager of the idlest slot is killed with -9',
    endsAttempt: true,
    strike: (world) => kill(world, idlest),
  },
  { name: 'nats-server is restarted', endsAttempt: false, attemptsMax: 2, strike: restartNats },
  {
    name: 'a task manager stands still past the dead time',
    endsAttempt: true,
    strike: (world) => freeze(world, busiest),
  },
  {
    name: 'the task manager of the busiest slot is killed with -9',
    endsAttempt: true,
    strike: (world) => kill(world, busiest),
  },
  { name: 'PostgreSQL is restarted during a commit', endsAttempt: false, strike: restartPostgres },
  { name: 'a fourth task manager joins', endsAttempt: false, attemptsMax: 0, strike: addNode },
  { name: 'a task manager drains and leaves', endsAttempt: true, strike: drain },
  {
    name: 'a task manager stands still, and its commit arrives behind the fence',
    endsAttempt: true,
    strike: freezeInCommit,
  },
  {
    name: 'the task manager of the busiest slot is killed with -9 again',
    endsAttempt: true,
    strike: (world) => kill(world, busiest),
  },
]

/** As whatever watches over it would, its process is started again at once. */
async function kill({ cluster, job }: ClusterWorld, choose: Choice): Promise<Struck> {
  const { name, slot, busyMs } = await chosen(cluster, job, choose)
  const node = cluster.node(name)
  const at = performance.now()
  await node.kill()
  const startMs = await node.start()
  return {
    at,
    told: `${name}, slot ${slot} busy for ${busyMs.toFixed(0)} ms; ready again in ${inMs(startMs)}`,
  }
}

/**
 * Verdicts about the dead rest while a link is down, and for a whole time-out (3 s here) after it is back. What they find
 * then is of this fault, and must not be taken for the work of the next: so twice that time is let pass.
 */
const LATE_VERDICTS_MS = 6_000

async function restartNats({ cluster }: ClusterWorld): Promise<Struck> {
  const at = performance.now()
  await cluster.nats.restart()
  const awayMs = performance.now() - at
  await pause(LATE_VERDICTS_MS)
  return { at, told: `away for ${inMs(awayMs)}` }
}

async function restartPostgres(world: ClusterWorld): Promise<Struck> {
  const at = await restartPostgresInCommit(world)
  return { at, told: `away for ${inMs(performance.now() - at)}` }
}

/** It thaws when the job runs without it; then the same process must come back as another incarnation. */
async function freeze({ cluster, job }: ClusterWorld, choose: Choice): Promise<Struck> {
  const { progress } = job
  const { name } = await chosen(cluster, job, choose)
  const before = await cluster.untilNode(name, 'is alive')
  const { attempt } = progress
  const at = performance.now()
  await cluster.node(name).freeze()
  await progress.until(`it runs without ${name}, which stands still`, () => progress.attempt > attempt)
  cluster.node(name).thaw()
  const thawed = performance.now()
  await cluster.untilNode(name, 'is back', ({ node }) => node !== before.node)
  return { at, told: `${name}; back ${inMs(performance.now() - thawed)} after it thawed` }
}

async function addNode({ cluster, join }: ClusterWorld): Promise<Struck> {
  const name = 'tm-4'
  const at = performance.now()
  const startMs = await join(name)
  const { slots, freeSlots } = await cluster.untilNode(name, 'is alive')
  assert.deepEqual({ slots, freeSlots }, { slots: SLOTS, freeSlots: SLOTS }, `${name} offers its slots`)
  return { at, told: `${name}, ready in ${inMs(startMs)}` }
}

async function drain({ cluster, job }: ClusterWorld): Promise<Struck> {
  const { name } = await chosen(cluster, job, busiest)
  const at = performance.now()
  const said = await cluster.node(name).leave()
  return { at, told: `${name}, gone after ${inMs(performance.now() - at)}; it said ${said.length} lines` }
}

/**
 * A commit is on its way when its process stops. The job starts again elsewhere, so the fence is raised; only then does
 * the commit reach PostgreSQL, which turns it away. Its answer lies in the socket of the process that stands still, and
 * is the first thing that this one reads when it goes on.
 */
async function freezeInCommit({ cluster, job, proxyOf }: ClusterWorld): Promise<Struck> {
  const { progress } = job
  const { name } = await chosen(cluster, job, busiest)
  const before = await cluster.untilNode(name, 'is alive')
  const proxy = proxyOf(name)
  const { attempt } = progress
  holdCommits(proxy)
  await until(() => heldCommits(proxy) > 0, { what: `${name} to commit`, everyMs: 5 })
  const at = performance.now()
  await cluster.node(name).freeze()
  await progress.until(`it runs without ${name}, which stands still`, () => progress.attempt > attempt)
  const held = heldCommits(proxy)
  const answered = proxy.passedBytes('toClient')
  proxy.release('toServer')
  await until(() => proxy.passedBytes('toClient') > answered, {
    what: 'PostgreSQL to answer the late commit',
  })
  cluster.node(name).thaw()
  const after = await cluster.untilNode(
    name,
    'is back, and says that the fence turned it away',
    ({ node, fencedWrites }) => node !== before.node && fencedWrites > before.fencedWrites,
  )
  const fenced = after.fencedWrites - before.fencedWrites
  return { at, told: `${name}; ${held} commits held back, ${fenced} turned away by the fence` }
}

async function chosen(cluster: TestCluster, job: SubmittedJob, choose: Choice): Promise<UsedSlot> {
  const slot = choose(await cluster.slotsOf(job))
  assert(slot !== undefined, 'the job uses no slot')
  return slot
}
