import { expect, test } from 'vitest'
import { job } from '#src/api/index.js'
import type { CheckpointId } from '#src/kit/ids.js'
import { type Click, clickCount, clicks, table } from '../graph/click-count.js'
import { RunningChain, restoredFrom } from './running-chain.js'

const whole = job('whole', { parallelism: 1 }, (flow) =>
  flow
    .from('clicks', clicks)
    .filter((click) => click.loggedIn)
    .map((click) => ({ userId: click.userId, clicks: 1 }))
    .to('table', table, { chaining: 'always' }),
)

test('when a source is polled, then its batch passes the chain whole, into the outbox', async () => {
  const running = await RunningChain.opened(clickCount())
  running.polls.push([click('a'), { ...click('b'), loggedIn: false }, click('c')])

  expect(running.chain.isSource).toBe(true)
  expect(running.chain.poll()).toBe('more')
  expect(running.emitted).toEqual([
    [
      { userId: 'a', clicks: 1 },
      { userId: 'c', clicks: 1 },
    ],
  ])
  expect(running.chain.recordsPolled).toBe(3)
  expect(running.chain.poll()).toBe('end')
})

test('when one operator feeds several, then each has every record', async () => {
  const fan = job('fan', (flow) => {
    const rows = flow.from('clicks', clicks).map((each) => ({ userId: each.userId, clicks: 1 }))
    rows.to('all', { ...table, keyFields: undefined })
    rows.filter((row) => row.userId === 'a').to('some', { ...table, keyFields: undefined })
    rows.rebalance().to('elsewhere', { ...table, keyFields: undefined })
  })
  const running = await RunningChain.opened(fan)
  running.polls.push([click('a'), click('b')])
  running.chain.poll()

  expect(running.written['all']).toEqual([row('a', 1), row('b', 1)])
  expect(running.written['some']).toEqual([row('a', 1)])
  expect(running.emitted).toEqual([[row('a', 1), row('b', 1)]])
})

test('when a chain is opened and closed, then sinks open first, and the source closes first', async () => {
  const running = await RunningChain.opened(unkeyed())
  running.chain.addSplits([{ split: 's', owner: 0, position: 0 }])
  await running.chain.drain()
  await running.chain.close()
  await running.chain.close()

  expect(running.calls).toEqual([
    'table opened with 0',
    'splits s',
    'table drained',
    'source closed',
    'table closed',
  ])
})

test('when it is closed before it was opened, then nobody is asked to close', async () => {
  const running = new RunningChain(unkeyed())
  await running.chain.close()
  expect(running.calls).toEqual([])
})

test('when one operator fails to close, then the others are closed all the same', async () => {
  const running = await RunningChain.opened(unkeyed())
  running.calls.push = (call: string) => {
    if (call === 'source closed') throw new Error('stuck')
    return Array.prototype.push.call(running.calls, call)
  }
  await expect(running.chain.close()).rejects.toThrow('stuck')
  expect(running.calls).toContain('table closed')
})

test('when a sink has enough, then the chain is not ready', async () => {
  const running = await RunningChain.opened(unkeyed())
  expect(running.chain.isReady()).toBe(true)
  running.sinkIsReady = false
  expect(running.chain.isReady()).toBe(false)
})

test('when a snapshot is taken, then it holds positions and state of its moment, operator by operator', async () => {
  const running = await RunningChain.opened(unkeyed())
  running.polls.push([click('a')], [click('b'), click('c')])
  running.chain.poll()
  const capture = running.chain.capture(7 as CheckpointId, running.blobs)
  running.chain.poll()
  while (!capture.slice());

  expect(await capture.upload()).toMatchObject({
    vertex: 0,
    subtask: 0,
    ended: false,
    operators: [
      { operator: 'clicks', subtask: 0, splits: [{ split: 's', owner: 0, position: 1 }] },
      { operator: 'map-1' },
      { operator: 'table', pieces: [{ owner: 0, checkpoint: 7, number: 0 }] },
    ],
  })
})

test('when checkpoints complete, then the source hears the positions of that one, once', async () => {
  const running = await RunningChain.opened(unkeyed())
  running.polls.push([click('a')], [click('b')])
  running.chain.poll()
  await running.snapshot(1)
  running.chain.poll()
  await running.snapshot(2)
  running.calls.length = 0
  for (const checkpoint of [2, 2, 1] as CheckpointId[]) running.chain.onCheckpointComplete(checkpoint)

  expect(running.calls.filter((call) => call.startsWith('source'))).toEqual(['source complete 2 at 2'])
  expect(running.calls.filter((call) => call.startsWith('table'))).toEqual([
    'table complete 2',
    'table complete 2',
    'table complete 1',
  ])
})

test('when state is captured, then writes that follow do not show in the snapshot', async () => {
  const before = await RunningChain.opened(clickCount(), { vertex: 1 })
  before.process(row('a', 1), row('b', 1), row('a', 1))
  const capture = before.chain.capture(1 as CheckpointId, before.blobs)
  before.process(row('a', 100), row('c', 100))
  while (!capture.slice());
  const snapshot = await capture.upload()

  const options = { vertex: 1, restored: restoredFrom(snapshot), blobs: before.blobs }
  const after = await RunningChain.opened(clickCount(), options)
  after.process(row('a', 1), row('b', 1), row('c', 1))
  expect(after.written['table']).toEqual([row('a', 3), row('b', 2), row('c', 1)])
})

test('when a checkpoint is given up, then its capture no longer takes part, and the next one is whole', async () => {
  const running = await RunningChain.opened(clickCount(), { vertex: 1 })
  running.process(row('a', 1))
  running.chain.capture(1 as CheckpointId, running.blobs).abandon()
  running.process(row('a', 1))
  const snapshot = await running.snapshot(2)

  const options = { vertex: 1, restored: restoredFrom(snapshot), blobs: running.blobs }
  const after = await RunningChain.opened(clickCount(), options)
  after.process(row('a', 1))
  expect(after.written['table']).toEqual([row('a', 3)])
})

test('when the end of input was in the restored snapshot, then the end hooks do not run again', async () => {
  const before = await RunningChain.opened(unkeyed())
  before.chain.finish()
  const snapshot = await before.snapshot(3)
  expect(snapshot.ended).toBe(true)

  const after = await RunningChain.opened(unkeyed(), {
    restored: restoredFrom(snapshot),
    blobs: before.blobs,
  })
  expect((await after.snapshot(4)).ended).toBe(true)
  after.chain.finish()
  expect((await after.snapshot(5)).ended).toBe(true)
  expect(after.calls).toContain('table opened with 1')
})

test('when the sink of a job without a keyBy has a key, then it is reached by hash', () => {
  expect(whole.build().edges.map(({ partitioner }) => partitioner.kind)).toEqual(['hash'])
})

function unkeyed() {
  return job('unkeyed', (flow) =>
    flow
      .from('clicks', clicks)
      .map((each) => ({ userId: each.userId, clicks: 1 }))
      .to('table', { ...table, keyFields: undefined }),
  )
}

function click(userId: string): Click {
  return { userId, url: '/', loggedIn: true }
}

function row(userId: string, count: number) {
  return { userId, clicks: count }
}
