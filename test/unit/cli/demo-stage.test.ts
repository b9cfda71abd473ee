import { expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import { ClusterStage, type NodeSpec } from '#src/cli/demo-cluster-stage.js'
import { NodeEnded, type StageNode } from '#src/cli/demo-node.js'
import { DemoRun } from '#src/cli/demo-run.js'
import type { Fact } from '#src/cli/demo-stage.js'
import type { Attempt, CheckpointId, NodeId, RunId } from '#src/kit/ids.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { checkpointOf, detailsOf, FakeCluster, LOST, nodeOf, summaryOf } from './fake-cluster.js'
import { recordingTerminal } from './recording-terminal.js'

const run = 'new0run' as RunId

/** A process that is none. */
class FakeNode implements StageNode {
  readonly name: string
  readonly spec: NodeSpec
  pid: number | undefined
  starts = 0

  constructor(spec: NodeSpec) {
    this.name = spec.name
    this.spec = spec
  }

  async start(): Promise<number> {
    this.starts++
    this.pid = 100 * this.starts + Number(this.name.slice(-1))
    return 12
  }

  async kill(): Promise<boolean> {
    const isKilled = this.pid !== undefined
    this.pid = undefined
    return isKilled
  }
}

async function staged() {
  const clock = new VirtualClock()
  const cluster = new FakeCluster()
  // Two subtasks of four on each.
  cluster.statuses = [
    nodeOf('jm-1'),
    nodeOf('tm-1', { node: 'node-a-1' as NodeId }),
    nodeOf('tm-3', { node: 'node-b-1' as NodeId }),
  ]
  cluster.summaries = [summaryOf({ run })]
  const nodes = new Map<string, FakeNode>()
  const forgotten: string[] = []
  const stage = new ClusterStage({
    nats: 'nats://here:4222',
    clock,
    connect: async () => cluster,
    forget: async () => void forgotten.push('demo'),
    nodeOf(spec) {
      const node = new FakeNode(spec)
      nodes.set(spec.name, node)
      return node
    },
  })
  const facts: Fact[] = []
  await stage.build((fact) => facts.push(fact))
  const job = await stage.submit({ file: 'job.ts', params: {} })
  const pids = () => [...nodes.values()].map(({ pid }) => pid)
  return { clock, cluster, stage, facts, job, nodes, pids, forgotten }
}

test('when it is built, then all its processes run, and are told by name and id', async () => {
  const { facts, pids } = await staged()
  expect(pids()).toEqual([101, 101, 102, 103])
  expect(facts.map(({ name, text }) => `${name}: ${text}`)).toEqual([
    'nats-server: nats://here:4222, with JetStream',
    'job manager: jm-1, process 101',
    'task managers: tm-1 (101), tm-2 (102), tm-3 (103), 2 slots each; all ready after 0 ms',
  ])
})

test('when one is killed, then it is the one that runs most, and it comes back when that is asked for', async () => {
  const { cluster, stage, facts, pids } = await staged()
  const { placed } = detailsOf(summaryOf({ run }))
  cluster.job = async () => ({ ...detailsOf(summaryOf({ run })), placed: placed.slice(1) })
  expect(await stage.placement()).toBe('subtasks: 1 on tm-1, 2 on tm-3')

  const victim = await stage.victim()
  expect(victim).toMatchObject({ name: 'kill -9', text: 'tm-3, process 103, which runs 2 of the 3 subtasks' })
  expect(await victim?.crash()).toBe(true)
  expect(pids()).toEqual([101, 101, 102, undefined])

  await stage.mend((fact) => facts.push(fact))
  expect(pids()).toEqual([101, 101, 102, 203])
  expect(facts.at(-1)).toEqual({ name: 'tm-3', text: 'started again as process 203, ready after 12 ms' })
})

test('when nothing is placed, then there is no victim, and nothing to tell', async () => {
  const { cluster, stage } = await staged()
  cluster.job = async () => ({ ...detailsOf(summaryOf({ run })), placed: [] })
  expect(await stage.victim()).toBeUndefined()
  expect(await stage.placement()).toBeUndefined()
})

test('when a process ends by itself, then the stage is broken', async () => {
  const { stage, nodes } = await staged()
  const error = new NodeEnded('tm-2 ended by itself, with 1')
  nodes.get('tm-2')?.spec.onLost(error)
  await expect(stage.broken).rejects.toBe(error)
})

test('when it is closed, then nothing runs any more, nothing is started again, and NATS keeps nothing', async () => {
  const { cluster, stage, pids, forgotten } = await staged()
  await (await stage.victim())?.crash()
  await stage.close()
  await stage.mend(() => expect.unreachable())
  expect(pids()).toEqual([undefined, undefined, undefined, undefined])
  expect(cluster.asked.at(-1)).toBe('close')
  expect(forgotten).toEqual(['demo'])
})

const status = (status: 'RUNNING' | 'RESTARTING'): JobEvent => ({
  type: 'status',
  run,
  status,
  reason: undefined,
})
const completed = (checkpoint: number): JobEvent => ({
  type: 'checkpoint',
  run,
  record: checkpointOf(checkpoint),
})

test('when two checkpoints are complete, then one process is killed, and is back after the job runs without it', async () => {
  const { clock, cluster, stage, job, pids } = await staged()
  const { terminal, talk } = recordingTerminal()
  const demo = new DemoRun({ stage, job, terminal, clock })
  const end = demo.follow()
  await demo.crash() // nothing runs yet
  cluster.publish(status('RUNNING'))
  cluster.publish(completed(1))
  cluster.publish(completed(2))
  expect(demo.crashes).toBe(0)
  await clock.advance(700)
  expect(demo.crashes).toBe(1)
  expect(pids()).toEqual([101, undefined, 102, 103])

  await clock.advance(500)
  cluster.publish({ type: 'failure', run, error: LOST, restartInMs: 1_000 })
  cluster.publish(status('RESTARTING'))
  await clock.advance(1_000)
  cluster.publish({ type: 'attempt', run, attempt: 2 as Attempt, from: 2 as CheckpointId })
  await clock.advance(300)
  expect(pids()).toEqual([101, undefined, 102, 103])
  cluster.publish(status('RUNNING'))
  await clock.advance(0)
  expect(pids()).toEqual([101, 201, 102, 103])

  cluster.publish({ type: 'ended', run, outcome: 'finished', error: undefined, checkpoint: undefined })
  await end
  expect(demo.crashes).toBe(1)
  expect(talk()).toContain(`
✘ kill -9        tm-1, process 101, which runs 2 of the 4 subtasks
   +500 ms  detected  RT1512 the task manager node-b is lost; restart in 1.0 s
  +1500 ms  restart   attempt 2 starts, restored from checkpoint 2
  +1800 ms  running   what was read since that checkpoint is read again, and counts once
            placed    subtasks: 2 on tm-1, 2 on tm-3

✔ tm-1           started again as process 201, ready after 12 ms
`)
})
