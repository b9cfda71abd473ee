import { expect, test } from 'vitest'
import { partitionerOf } from '#src/channel/partitioner.js'
import { executionGraphOf } from '#src/graph/execution-graph.js'
import type { EdgePlan, JobPlan } from '#src/graph/job-plan.js'
import type { VertexIndex } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'

const POINTWISE: readonly [senders: number, receivers: number, reached: readonly (readonly number[])[]][] = [
  [2, 2, [[0], [1]]],
  [
    2,
    4,
    [
      [0, 1],
      [2, 3],
    ],
  ],
  [4, 2, [[0], [0], [1], [1]]],
  [2, 3, [[0, 1], [2]]],
  [3, 2, [[0], [0], [1]]],
  [1, 3, [[0, 1, 2]]],
  [3, 1, [[0], [0], [0]]],
]

test.each(POINTWISE)(
  'when %i senders rescale to %i receivers, then neighbours share',
  (senders, receivers, reached) => {
    expect(reachedBy('rescale', senders, receivers)).toEqual(reached)
  },
)

test.each(['rebalance', 'hash', 'broadcast', 'global', 'custom'] as const)(
  'when an edge is %s, then every sender has a channel to every receiver',
  (partitioner) => {
    expect(reachedBy(partitioner, 2, 3)).toEqual([
      [0, 1, 2],
      [0, 1, 2],
    ])
  },
)

test('both ends of every channel name one another, and every subtask numbers its channels without gaps', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 200; round++) {
    const plan = randomPlan(() => random.next())
    const { subtasks } = executionGraphOf(plan)
    const byId = new Map(subtasks.map((subtask) => [subtask.id, subtask]))
    for (const { id, inputs, outputs } of subtasks) {
      inputs.forEach(({ channel }, i) => {
        expect(channel).toBe(i)
      })
      const out = outputs.flatMap((output) =>
        output.channels.map((channel) => ({ edge: output.edge, ...channel })),
      )
      expect(out.map(({ channel }) => channel)).toEqual(out.map((_, i) => i))
      for (const { edge, channel, to, receiverChannel } of out) {
        const input = byId.get(to)?.inputs[receiverChannel]
        expect(input).toEqual({ channel: receiverChannel, edge, from: id, senderChannel: channel })
      }
    }
    const sent = subtasks.flatMap(({ outputs }) => outputs.flatMap(({ channels }) => channels)).length
    expect(subtasks.flatMap(({ inputs }) => inputs)).toHaveLength(sent)
  }
})

test('one user is always summed by the same subtask', () => {
  const plan = planOf(2, 3, 'hash')
  const { subtasks } = executionGraphOf(plan)
  const owners = new Map<string, string>()
  for (const { vertex, subtask, outputs } of subtasks) {
    if (vertex !== 0) continue
    const { channels, maxParallelism } = outputs[0]!
    const keyOf = (record: unknown) => (record as { user: string }).user
    const place = { channels: channels.length, subtask, maxParallelism }
    const targets: { user: string }[][] = channels.map(() => [])
    const users = Array.from({ length: 1_000 }, (_, i) => ({ user: `user-${i}` }))
    partitionerOf({ kind: 'hash', keyOf }, place).partition(users, targets)
    targets.forEach((records, i) => {
      for (const { user } of records) {
        const to = channels[i]!.to
        expect(owners.get(user) ?? to).toBe(to)
        owners.set(user, to)
      }
    })
  }
  expect(new Set(owners.values()).size).toBe(3)
})

function reachedBy(partitioner: EdgePlan['partitioner'], senders: number, receivers: number): number[][] {
  const { subtasks } = executionGraphOf(planOf(senders, receivers, partitioner))
  return subtasks
    .filter(({ vertex }) => vertex === 0)
    .map(({ outputs }) =>
      outputs.flatMap(({ channels }) => channels.map(({ to }) => Number(to.split('-')[1]))),
    )
}

function planOf(senders: number, receivers: number, partitioner: EdgePlan['partitioner']): JobPlan {
  return plan([senders, receivers], [{ from: 0 as VertexIndex, to: 1 as VertexIndex, partitioner }])
}

function randomPlan(next: () => number): JobPlan {
  const parallelisms = Array.from({ length: 4 }, () => 1 + Math.floor(next() * 5))
  const kinds = ['forward', 'rescale', 'hash', 'rebalance'] as const
  const edges: EdgePlan[] = []
  for (let from = 0; from < 3; from++) {
    for (let to = from + 1; to < 4; to++) {
      const isForward = parallelisms[from] === parallelisms[to]
      const partitioner = kinds[Math.floor(next() * kinds.length)]!
      if (partitioner === 'forward' && !isForward) continue
      if (next() < 0.6) edges.push({ from: from as VertexIndex, to: to as VertexIndex, partitioner })
    }
  }
  return plan(parallelisms, edges)
}

function plan(parallelisms: readonly number[], edges: readonly EdgePlan[]): JobPlan {
  return {
    name: 'plan',
    vertices: parallelisms.map((parallelism, index) => ({
      index: index as VertexIndex,
      name: `v${index}`,
      parallelism,
      maxParallelism: 128,
      operators: [],
    })),
    edges,
    checkpoint: {
      mode: 'exactly-once',
      intervalMs: 1,
      timeoutMs: 1,
      minPauseMs: 0,
      maxConcurrent: 1,
      tolerableFailures: 0,
      retained: 1,
    },
    restart: { type: 'none' },
    fingerprint: '',
  }
}
