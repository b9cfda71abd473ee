import { expect, test } from 'vitest'
import type { NodeRole } from '#actors/cluster-view.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import { assert } from '#src/kit/assert.js'
import { LIMITS } from '#src/kit/limits.js'
import { seededRandom } from '#src/kit/random.js'
import type { SimulatedMachine } from '#src/testing/simulated-machine.js'
import { Judge } from '../../sim/judge.js'
import type { Shape } from '../../sim/shape.js'
import { inputOf } from '../../sim/shape-input.js'
import { jobOf } from '../../sim/shape-job.js'
import type { Wire } from '../../sim/wire.js'
import { World } from '../../sim/world.js'

/** Numbers rows by key, exactly-once: partitions appear while it runs, and it reads on for ever. */
const NUMBERS: Shape = {
  name: 'numbers',
  layer: 'flow',
  options: { parallelism: 2, checkpoint: { interval: '500ms' } },
  readsParams: false,
  topics: [
    {
      name: 't0',
      partitions: 2,
      latePartitions: 2,
      pace: 'steady',
      isBounded: false,
      repeats: false,
      keys: 9,
    },
  ],
  nodes: [
    {
      id: 'source',
      inputs: [],
      kind: 'source',
      topic: 't0',
      isBounded: false,
      discover: '1s',
      group: undefined,
      isolation: undefined,
      fetch: undefined,
    },
    { id: 'numbered', inputs: [{ from: 'source' }], kind: 'numbered', as: 'count', form: 'field' },
    {
      id: 'rows',
      inputs: [{ from: 'numbered' }],
      kind: 'append',
      table: 'table_0',
      guarantee: 'exactly-once',
    },
  ],
}

/** A leader that dies is followed by another in this time. */
const TAKEOVER_MS = 3_000

/** A world in which nothing goes wrong but by the test, and where `NUMBERS` runs. */
async function stage(directors: number) {
  const random = seededRandom(5)
  const input = inputOf(NUMBERS, random)
  const world: World = new World({ seed: 5, onLine: undefined, onCommit: (commit) => judge.onCommit(commit) })
  const judge = new Judge(NUMBERS, input, world)
  const { clock, kafka } = world
  for (const { topic, partitions } of input.topics) {
    kafka.createTopic(topic, partitions.filter(({ fromMs }) => fromMs === 0).length)
    for (const [partition, { fromMs, records }] of partitions.entries()) {
      if (fromMs > 0) clock.after(fromMs, () => void kafka.addPartition(topic))
      for (const { atMs, value } of records)
        clock.after(atMs, () => kafka.append(topic, partition, [JSON.stringify(value)]))
    }
  }
  const some = (prefix: string, count: number, role: NodeRole) =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index + 1}`, roles: [role] }))
  world.build({
    places: [...some('jm', directors, 'job-manager'), ...some('tm', 2, 'task-manager')],
    slots: 2,
    heartbeatTimeoutMs: 25_000,
  })
  await clock.advance(3_000)
  const bundle = world.jobs.add(() => jobOf(NUMBERS, { onRecord: () => {} }))
  const accepted = world.client.submitOrder({
    bundle,
    request: { params: {} },
    fromCheckpoint: undefined,
    allowRepeatedRows: false,
    fingerprint: undefined,
  })
  await clock.advance(3_000)
  const handle = await accepted
  const { run } = handle
  const entries = (type: LogEvent['type']) =>
    world.state.truth(run).flatMap(({ event }) => (event.type === type ? [event] : []))
  const leader = (): SimulatedMachine => {
    const [one, ...others] = world.leaders()
    assert(one !== undefined && others.length === 0, 'one leads', { leaders: world.leaders().length })
    return one
  }
  const finish = async () => {
    await clock.advanceUntil(() => judge.isComplete(), 60_000)
    judge.judgeLeadership()
    judge.judgeEnd()
    return world.violations
  }
  return { world, clock, handle, entries, leader, finish }
}

test('when ten leaders die in a row, then each is followed in three seconds, nothing starts again, and every row counts once', async () => {
  const { world, clock, entries, leader, finish } = await stage(2)
  expect(entries('completed').length).toBeGreaterThan(1)
  for (let death = 0; death < 10; death++) {
    await clock.advance(1_500 + death * 137)
    const [dead, diedAt] = [leader(), clock.now()]
    dead.kill(900 + death * 100)
    await clock.advanceUntil(() => world.leaders().some((machine) => machine !== dead), 20_000)
    expect(clock.now() - diedAt).toBeLessThanOrEqual(TAKEOVER_MS)
    // The next one decides of the same attempt before it dies in its turn.
    const decided = entries('completed').length
    expect(await clock.advanceUntil(() => entries('completed').length > decided, 4_000)).toBe(true)
  }
  expect(entries('leads')).toHaveLength(11)
  expect(entries('started')).toHaveLength(1)
  expect(await finish()).toEqual([])
})

test('when a leader is frozen until another has its jobs, and goes on, then it changes nothing', async () => {
  const { world, clock, entries, leader, finish } = await stage(2)
  for (let time = 0; time < 5; time++) {
    await clock.advance(1_000)
    const frozen = leader()
    frozen.freeze()
    await clock.advance(4_000 + time * 5_000)
    frozen.thaw()
    await clock.advance(1_000)
    expect(leader()).not.toBe(frozen)
  }
  expect(entries('started')).toHaveLength(1)
  expect(world.machines.every(({ isReady }) => isReady)).toBe(true)
  expect(await finish()).toEqual([])
})

test('when a leader dies as the log has the cancel of a job, then the next one closes what runs and ends it, and nobody asks again', async () => {
  const { world, clock, handle, entries, leader } = await stage(2)
  world.state.watch((_, { event }) => {
    if (event.type === 'cancelling') leader().kill(60_000)
    if (event.type === 'ended') expect(world.machines.filter(({ isBusy }) => isBusy)).toEqual([])
  })
  let promisedAt = 0
  void handle.cancel().then(() => {
    promisedAt = clock.now()
  })
  expect(await clock.advanceUntil(() => entries('ended').length > 0, 10_000)).toBe(true)
  expect([entries('cancelling'), entries('ended')]).toMatchObject([
    [{ epoch: 1 }],
    [{ epoch: 2, outcome: 'canceled' }],
  ])
  // The answer died with the leader: it comes from the next one, or from the end.
  expect(await clock.advanceUntil(() => promisedAt > 0, LIMITS.followAgainMs * 2)).toBe(true)
  expect(entries('started')).toHaveLength(1)
  expect(world.violations).toEqual([])
})

test('when whoever leads loses a job to one that only thinks so, then it takes the job up again', async () => {
  const { world, clock, entries, leader, finish } = await stage(2)
  const { lease, log, documents } = world.state.wires
  const cut = (wire: Wire, machine: SimulatedMachine) => {
    wire.conditions.cutOff = new Set([machine.name])
  }
  const first = leader()
  const second = world.machines.find((machine) => machine.roles.includes('job-manager') && machine !== first)
  assert(second !== undefined, 'another stands by')
  // The second one leads, and does not get so far as to see the job …
  for (const wire of [log, documents]) cut(wire, second)
  cut(lease, first)
  await clock.advance(TAKEOVER_MS)
  // … when the first one leads again, and the second does not know it.
  cut(lease, second)
  await clock.advance(TAKEOVER_MS * 2)
  expect(world.leaders()).toHaveLength(2)
  for (const wire of [log, documents]) wire.heal()
  await clock.advance(1_500)
  expect(entries('leads').at(-1)).toMatchObject({ epoch: 3, node: expect.stringContaining(second.name) })
  lease.heal()
  await clock.advance(TAKEOVER_MS)

  expect(leader()).toBe(first)
  expect(entries('leads').at(-1)).toMatchObject({ epoch: 4, node: expect.stringContaining(first.name) })
  expect(entries('started')).toHaveLength(1)
  expect(await finish()).toEqual([])
})
