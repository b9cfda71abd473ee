import { expect, test } from 'vitest'
import type { DatabaseClient } from '#src/connector/postgres/database-client.js'
import { postgresSinkOver } from '#src/connector/postgres/postgres-sink.js'
import type { SinkSpec } from '#src/connector/sink.js'
import type { Clock } from '#src/kit/clock.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { Piece } from '#src/state/snapshot.js'
import { type Commit, SimulatedPostgres } from '../../sim/simulated-postgres.js'
import { Trace } from '../../sim/trace.js'
import type { Caller } from '../../sim/wire.js'
import { StagedSink, type StageOptions } from '../../support/sink-stage.js'

const exactlyOnce = 'exactly-once'
const atLeastOnce = 'at-least-once'

test('when answers are lost, then every piece is applied once, and replayed ones are told apart', async () => {
  const world = new World()
  const sink = await world.opened(log())
  world.server.wire.conditions.lostAnswers = 0.5
  for (let id = 1; id <= 20; id++) await world.done(sink.commit(id, [{ userId: `user-${id}` }]))

  expect(world.users()).toEqual(Array.from({ length: 20 }, (_, i) => `user-${i + 1}`))
  expect(world.server.counts).toMatchObject({ applied: 20, fenced: 0 })
  expect(world.server.counts['already-applied']).toBeGreaterThan(3)
  expect(sink.failures).toEqual([])
})

test('when a piece is committed, then the commit tells who wrote, which piece, and what it replaced', async () => {
  const world = new World()
  const sink = await world.opened(countsOf(), { subtask: 3, attempt: 2 })
  await world.done(sink.commit(7, [{ userId: 'ann', clicks: 1 }]))
  await world.done(sink.commit(8, [{ userId: 'ann', clicks: 2 }]))

  const writer = { table: 'public.click_counts', run: 'run1', sink: 'sink', token: 2, isLate: false }
  const first = { user_id: 'ann', clicks: '1' }
  expect(world.commits).toEqual([
    {
      ...writer,
      piece: { run: 'run1', subtask: 3, checkpoint: 7, number: 0 },
      rows: [{ before: undefined, after: first }],
    },
    {
      ...writer,
      piece: { run: 'run1', subtask: 3, checkpoint: 8, number: 0 },
      rows: [{ before: first, after: { user_id: 'ann', clicks: '2' } }],
    },
  ])
})

test('when a dead attempt’s statement lands after the next one has opened, then it is fenced', async () => {
  const world = new World()
  const { pieces, blobs } = await zombieOnTheWay(world, log())
  const next = await world.opened(log(), { attempt: 2, blobs, ...from('run1', 1) }, pieces)
  await world.done(next.commit(2, [{ userId: 'cid' }]))
  expect(world.server.counts).toMatchObject({ fenced: 0, late: 0 })

  await world.clock.advance(20_000)

  expect(world.server.counts).toMatchObject({ applied: 2, fenced: 1, late: 1 })
  expect(world.trace.count('db late')).toBe(1)
  expect(world.users()).toEqual(['ann', 'bob', 'cid'])
})

test('when a dead attempt’s statement lands before the next one opens, then the restore finds its piece applied', async () => {
  const world = new World()
  const { pieces, blobs } = await zombieOnTheWay(world, log())
  await world.clock.advance(20_000)
  expect(world.commits).toMatchObject([{ token: 1, isLate: true }])

  const next = await world.opened(log(), { attempt: 2, blobs, ...from('run1', 1) }, pieces)

  expect(next.failures).toEqual([])
  expect(world.server.counts).toMatchObject({ applied: 1, 'already-applied': 1, late: 1 })
  expect(world.users()).toEqual(['ann', 'bob'])
})

test('when a zombie lives and asks again, then it hears that it is fenced', async () => {
  const world = new World()
  const zombie = await world.opened(log())
  zombie.writer.write([{ userId: 'ann' }])
  const pieces = await world.done(zombie.checkpoint(1))
  world.server.wire.conditions.lostRequests = 1
  zombie.complete(1)
  await world.clock.advance(50)
  world.server.wire.conditions.lostRequests = 0
  await world.opened(log(), { attempt: 2, blobs: zombie.blobs, ...from('run1', 1) }, pieces)
  expect(world.server.fence('run1', 'sink')).toBe(2n)

  expect(await world.done(zombie.failed())).toMatchObject({ code: 'RT1447' })
  expect(world.users()).toEqual(['ann'])
})

test('when a checkpoint is restored whose rows are in the table, then nothing is written again', async () => {
  const world = new World()
  const first = await world.opened(log())
  const pieces = await world.done(first.commit(1, [{ userId: 'ann' }, { userId: 'bob' }]))
  await world.opened(log(), { attempt: 2, blobs: first.blobs, ...from('run1', 1) }, pieces)
  expect(world.users()).toEqual(['ann', 'bob'])
  expect(world.server.counts).toMatchObject({ applied: 1, 'already-applied': 1 })
})

test('when keys come again, then the table keeps their latest values', async () => {
  const world = new World()
  const sink = await world.opened(countsOf())
  world.server.wire.conditions.lostAnswers = 0.5
  for (let id = 1; id <= 10; id++) {
    await world.done(
      sink.commit(id, [
        { userId: 'ann', clicks: id },
        { userId: `user-${id % 2}`, clicks: 10 * id },
      ]),
    )
  }
  expect(world.server.table('click_counts')).toEqual([
    { user_id: 'ann', clicks: '10' },
    { user_id: 'user-1', clicks: '90' },
    { user_id: 'user-0', clicks: '100' },
  ])
})

test('when the ledger is ahead of what is restored, then the sink does not open, unless repeated rows are allowed', async () => {
  const world = new World()
  const old = await world.opened(log())
  const pieces = await world.done(old.commit(1, [{ userId: 'ann' }]))
  await world.done(old.commit(2, [{ userId: 'bob' }]))
  const older = { run: 'run2', blobs: old.blobs, ...from('run1', 1) }

  const refused = world.sink(log(), older)
  await expect(world.done(refused.writer.open(pieces))).rejects.toMatchObject({ code: 'RT1214' })
  const allowed = await world.opened(log(), { ...older, allowRepeatedRows: true }, pieces)
  await world.done(allowed.commit(3, [{ userId: 'bob' }]))
  expect(world.users()).toEqual(['ann', 'bob', 'bob'])
})

test('when a run was replaced, then its sink does not open again', async () => {
  const world = new World()
  await world.opened(log())
  await world.opened(log(), { run: 'run2', ...from('run1', 1) })
  const replaced = world.sink(log(), { attempt: 99 })
  await expect(world.done(replaced.writer.open([]))).rejects.toMatchObject({ code: 'RT1451' })
})

test('when an at-least-once statement is left unanswered, then the attempt ends and the next one writes after it', async () => {
  const world = new World()
  const first = await world.opened(countsOf(atLeastOnce))
  world.server.wire.conditions.lostAnswers = 1
  first.writer.write([{ userId: 'ann', clicks: 1 }])
  expect(await world.done(first.failed())).toMatchObject({ code: 'RT1448' })
  expect(world.server.counts).toMatchObject({ written: 1 })

  world.server.wire.conditions.lostAnswers = 0
  const next = await world.opened(countsOf(atLeastOnce), { attempt: 2 })
  next.writer.write([{ userId: 'ann', clicks: 2 }])
  await world.done(next.checkpoint(1))
  expect(world.server.table('click_counts')).toEqual([{ user_id: 'ann', clicks: '2' }])
})

test('when an at-least-once zombie lives and writes, then it hears that it is fenced', async () => {
  const world = new World()
  const zombie = await world.opened(log(atLeastOnce))
  await world.opened(log(atLeastOnce), { attempt: 2 })
  zombie.writer.write([{ userId: 'ann' }])
  expect(await world.done(zombie.failed())).toMatchObject({ code: 'RT1447' })
  expect(world.users()).toEqual([])
})

test('when a dead at-least-once attempt’s statement lands after newer rows, then it does not replace them', async () => {
  const world = new World()
  await lateWrite(world)
  expect(world.server.counts).toMatchObject({ late: 1, fenced: 1 })
  expect(world.server.table('click_counts')).toEqual([{ user_id: 'ann', clicks: '2' }])
})

test('when the fence forgets its token, then such a statement replaces newer rows', async () => {
  const world = new World(1, (text) => text.replace('token = $3::bigint', '$3::bigint is not null'))
  await lateWrite(world)
  expect(world.server.table('click_counts')).toEqual([{ user_id: 'ann', clicks: '1' }])
})

test('when the ledger does not compare, then a piece whose answer was lost is in the table twice', async () => {
  const world = new World(1, (text) => text.replace(/\n {2}where \(l\.checkpoint.*/, ''))
  const sink = await world.opened(log())
  world.server.wire.conditions.lostAnswers = 1
  sink.writer.write([{ userId: 'ann' }])
  await world.done(sink.checkpoint(1))
  sink.complete(1)
  await world.clock.advance(2_500)
  world.server.wire.conditions.lostAnswers = 0
  await world.done(sink.writer.drain())
  expect(world.users().length).toBeGreaterThan(1)
  expect(world.commits.map(({ piece }) => piece)).toEqual(world.commits.map(() => world.commits[0]?.piece))
})

test('when the server is down, then an exactly-once sink waits until it is back', async () => {
  const world = new World()
  const sink = await world.opened(log())
  world.server.wire.conditions.isDown = true
  sink.writer.write([{ userId: 'ann' }])
  await world.done(sink.checkpoint(1))
  sink.complete(1)
  await world.clock.advance(120_000)
  expect(world.users()).toEqual([])

  world.server.wire.conditions.isDown = false
  await world.done(sink.writer.drain())
  expect(world.users()).toEqual(['ann'])
  expect(sink.failures).toEqual([])
})

test('when the server goes down, then an at-least-once sink ends if it had sent, and waits if it had noticed', async () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 12; seed++) {
    const world = new World(seed)
    const sink = await world.opened(log(atLeastOnce))
    world.server.wire.conditions.isDown = true
    sink.writer.write([{ userId: 'ann' }])
    await world.clock.advance(10_000)
    world.server.wire.conditions.isDown = false
    await world.clock.advance(10_000)
    outcomes.add(sink.failures.length > 0 ? 'failed' : world.users().join())
  }
  expect([...outcomes].sort()).toEqual(['ann', 'failed'])
})

test('when the server cannot be reached for long, then a sink does not open', async () => {
  const world = new World()
  world.server.wire.conditions.isDown = true
  const sink = world.sink(log())
  await expect(world.done(sink.writer.open([]))).rejects.toMatchObject({ code: 'RT1440' })
})

test.each([exactlyOnce, atLeastOnce] as const)(
  'when statements fail for passing reasons, then an %s sink runs them again',
  async (guarantee) => {
    const world = new World()
    const sink = await world.opened(log(guarantee))
    world.server.refuseTransiently(0.5) // opening runs a dozen statements, and begins again with the first
    for (let id = 1; id <= 5; id++) await world.done(sink.commit(id, [{ userId: `user-${id}` }]))
    expect(world.users()).toEqual(['user-1', 'user-2', 'user-3', 'user-4', 'user-5'])
    expect(world.trace.count('db transient')).toBeGreaterThan(3)
  },
)

test('when a sink is closed with a statement under way, then that is taken back, or lands and nobody hears of it', async () => {
  const landed = new Set<number>()
  for (let seed = 1; seed <= 12; seed++) {
    const world = new World(seed)
    const sink = await world.opened(log())
    sink.writer.write([{ userId: 'ann' }])
    await world.done(sink.checkpoint(1))
    world.server.wire.conditions.latencyMs = [900, 900]
    sink.complete(1)
    await world.clock.advance(1)
    world.server.wire.conditions.latencyMs = [1, 1]
    await world.done(sink.writer.close())
    await world.clock.advance(1_000)
    expect(world.commits.every(({ isLate }) => isLate)).toBe(true)
    landed.add(world.users().length)
  }
  expect([...landed].sort()).toEqual([0, 1])
})

test('when an append table has a key and a row comes twice, then the commit is refused for good', async () => {
  const world = new World()
  world.server.query('create table strict (user_id text primary key)')
  const sink = await world.opened(log(exactlyOnce, { table: 'strict' }))
  await world.done(sink.commit(1, [{ userId: 'ann' }]))
  sink.writer.write([{ userId: 'bob' }, { userId: 'ann' }])
  await world.done(sink.checkpoint(2))
  sink.complete(2)
  expect(await world.done(sink.failed())).toMatchObject({ code: 'RT1449' })
  expect(world.server.table('strict')).toEqual([{ user_id: 'ann' }])
})

test('when a table is to be created, then several sinks create it together', async () => {
  const world = new World()
  const spec = countsOf(exactlyOnce, { table: 'fresh', createTable: true })
  const sinks = await Promise.all([0, 1, 2].map((subtask) => world.opened(spec, { subtask, parallelism: 3 })))
  await Promise.all(sinks.map((sink, i) => world.done(sink.commit(1, [{ userId: `user-${i}`, clicks: i }]))))
  expect(world.server.table('fresh')).toHaveLength(3)
})

test('when a statement was left unanswered, then the next one needs a connection of its own first', async () => {
  const world = new World()
  const client = world.server.client(world.caller('tm-1'))
  const count = () => world.done(client.query('select count(*) from click_log'))
  expect(await count()).toEqual([{ count: '0' }])
  world.server.wire.conditions.lostRequests = 1
  await expect(count()).rejects.toMatchObject({ kind: 'unanswered' })
  await expect(count()).rejects.toMatchObject({ kind: 'unreachable' })
  world.server.wire.conditions.lostRequests = 0
  expect(await count()).toEqual([{ count: '0' }])
})

test('when a statement is not understood, then it is named, and remembered', async () => {
  const world = new World()
  const client = world.server.client(world.caller('tm-1'))
  const refused = world.done(client.query('delete from click_log where user_id = $1', ['ann']))
  await expect(refused).rejects.toThrow(/not understood.*delete from click_log/)
  expect(world.server.misunderstood).toHaveLength(1)
})

test('when a write hangs on a row that is not locked, then this server does not judge it', async () => {
  const world = new World(1, (text) => text.replace('\n  for share', ''))
  await expect(world.opened(log())).rejects.toThrow(
    /not understood.*for share, where public.retake_fence is read/,
  )
})

test('when a seed is the same, then everything happens again', async () => {
  const run = async (seed: number) => {
    const world = new World(seed)
    const sink = await world.opened(countsOf())
    Object.assign(world.server.wire.conditions, { lostAnswers: 0.2, lostRequests: 0.2, late: 0.5 })
    world.server.refuseTransiently(0.2)
    for (let id = 1; id <= 10; id++) await world.done(sink.commit(id, [{ userId: 'ann', clicks: id }]))
    await world.clock.advance(20_000)
    return world.lines
  }
  const lines = await run(1)
  expect(lines.length).toBeGreaterThan(20)
  expect(await run(1)).toEqual(lines)
  expect(await run(2)).not.toEqual(lines)
})

test('when events are traced, then a line tells who did what to which table', async () => {
  const world = new World()
  const sink = await world.opened(log())
  await world.done(sink.commit(1, [{ userId: 'ann' }, { userId: 'bob' }]))
  expect(world.lines.filter((line) => !line.includes('db read')).map((line) => line.slice(12))).toEqual([
    'db     db raised            tm-1 public.retake_fence run1/sink@1',
    'db     db applied           tm-1 public.click_log run1/sink@1 piece run1/0/1/0 2 rows',
  ])
})

/** An attempt whose process dies with its commit of `ann` and `bob` on the way: it lands much later. */
async function zombieOnTheWay(
  world: World,
  spec: SinkSpec,
): Promise<{ pieces: readonly Piece[]; blobs: StagedSink['blobs'] }> {
  const zombie = await world.opened(spec, {}, [], 'tm-0')
  zombie.writer.write([{ userId: 'ann' }, { userId: 'bob' }])
  const pieces = await world.done(zombie.checkpoint(1))
  Object.assign(world.server.wire.conditions, { lostRequests: 1, late: 1, lateMs: [10_000, 10_000] })
  zombie.complete(1)
  await world.clock.advance(10)
  world.dead.add('tm-0')
  world.server.wire.conditions.lostRequests = 0
  return { pieces, blobs: zombie.blobs }
}

/** A dead attempt’s write of one click for ann, which lands after its successor has written two. */
async function lateWrite(world: World): Promise<void> {
  const zombie = await world.opened(countsOf(atLeastOnce), {}, [], 'tm-0')
  Object.assign(world.server.wire.conditions, { lostRequests: 1, late: 1, lateMs: [10_000, 10_000] })
  zombie.writer.write([{ userId: 'ann', clicks: 1 }])
  await world.clock.advance(100)
  world.dead.add('tm-0')
  world.server.wire.conditions.lostRequests = 0
  const next = await world.opened(countsOf(atLeastOnce), { attempt: 2 })
  next.writer.write([{ userId: 'ann', clicks: 2 }])
  await world.done(next.checkpoint(1))
  await world.clock.advance(20_000)
}

/** Sinks, and the one server that they write to. */
class World {
  readonly clock = new VirtualClock()
  readonly lines: string[] = []
  readonly commits: Commit[] = []
  readonly dead = new Set<string>()
  readonly trace = new Trace(this.clock, (line) => this.lines.push(line))
  readonly server: SimulatedPostgres
  readonly #mutated: (text: string) => string

  /** @param mutated what becomes of each statement on its way, as if it had been written so */
  constructor(seed = 1, mutated = (text: string) => text) {
    this.server = new SimulatedPostgres({
      clock: this.clock,
      random: seededRandom(seed),
      trace: this.trace,
      onCommit: (commit) => this.commits.push(commit),
    })
    this.#mutated = mutated
    this.server.query('create table click_log (id bigserial, user_id text)')
    this.server.query('create table click_counts (user_id text primary key, clicks bigint)')
  }

  /** A process; once it is among the dead, nothing of it is called any more. */
  caller(name: string): Caller {
    const isAlive = () => !this.dead.has(name)
    const whileAlive = (callback: () => void) => () => isAlive() && callback()
    const clock: Clock = {
      now: () => this.clock.now(),
      wallTime: () => this.clock.wallTime(),
      after: (delayMs, callback) => this.clock.after(delayMs, whileAlive(callback)),
      soon: (callback) => this.clock.soon(whileAlive(callback)),
    }
    return { name, clock, isAlive }
  }

  sink(spec: SinkSpec, options: StageOptions = {}, process = 'tm-1'): StagedSink {
    const caller = this.caller(process)
    const client = this.server.client(caller)
    const mutated: DatabaseClient = {
      query: (text, values) => client.query(this.#mutated(text), values),
      close: () => client.close(),
    }
    return new StagedSink(
      postgresSinkOver(() => mutated),
      spec,
      { clock: this.clock, ...options },
    )
  }

  async opened(
    spec: SinkSpec,
    options: StageOptions = {},
    restored: readonly Piece[] = [],
    process = 'tm-1',
  ): Promise<StagedSink> {
    const sink = this.sink(spec, options, process)
    await this.done(sink.writer.open(restored))
    return sink
  }

  /** Lets time pass until `promise` is settled. */
  async done<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let turns = 0; !isSettled && turns < 100_000; turns++) await this.clock.advance(10)
    return promise
  }

  users(): unknown[] {
    return this.server.table('click_log').map((row) => row['user_id'])
  }
}

function log(guarantee: SinkSpec['guarantee'] = exactlyOnce, options: object = {}): SinkSpec {
  return specOf(guarantee, {
    table: 'click_log',
    columns: { user_id: { from: 'userId', type: 'text' } },
    ...options,
  })
}

function countsOf(guarantee: SinkSpec['guarantee'] = exactlyOnce, options: object = {}): SinkSpec {
  return specOf(guarantee, {
    table: 'click_counts',
    key: ['user_id'],
    columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
    ...options,
  })
}

function specOf(guarantee: SinkSpec['guarantee'], options: object): SinkSpec {
  const data = { database: 'postgres://retake@simulated/retake', ...options }
  return { connector: 'postgres', options: data, functions: {}, guarantee, keyFields: undefined }
}

function from(run: string, checkpoint: number): Pick<StageOptions, 'restoredFrom'> {
  return { restoredFrom: { run, checkpoint } }
}
