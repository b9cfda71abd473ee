import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../../support/describe-with.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { until } from '../../support/until.js'
import { clicks, PostgresStage, QUICK } from './postgres-stage.js'

await describeWith({ postgres: true }, 'the exactly-once PostgreSQL sink', () => {
  let server: PostgresServer
  let stage: PostgresStage

  beforeAll(async () => {
    server = await startPostgres(QUICK)
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    stage = await PostgresStage.on(server)
  })
  afterEach(() => stage.close())

  test('when a checkpoint is complete, then its rows are in the table, and not before', async () => {
    const sink = await stage.opened(stage.log())
    sink.writer.write(clicks('ann', 'bob', 'ann'))
    await sink.checkpoint(1)
    expect(await stage.users()).toEqual([])

    sink.complete(1)
    await sink.writer.drain()

    expect(await stage.users()).toEqual(['ann', 'ann', 'bob'])
  })

  test('when keys repeat, then the last row of a key holds', async () => {
    const sink = await stage.opened(stage.counts())
    await sink.commit(1, [
      { userId: 'ann', clicks: 1 },
      { userId: 'bob', clicks: 1 },
      { userId: 'ann', clicks: 2 },
    ])
    await sink.commit(2, [{ userId: 'ann', clicks: 3n }])
    expect(await stage.countsByUser()).toEqual({ ann: '3', bob: '1' })
  })

  test('when a piece is restored that the table already has, then it is not written again', async () => {
    const first = await stage.opened(stage.log())
    const pieces = await first.commit(1, clicks('ann', 'bob'))

    const restoredFrom = { run: 'run1', checkpoint: 1 }
    await stage.opened(stage.log(), { attempt: 2, blobs: first.blobs, restoredFrom }, pieces)

    expect(pieces).toHaveLength(1)
    expect(await stage.users()).toEqual(['ann', 'bob'])
  })

  test('when a piece is restored that nobody committed, then it is in the table before the sink is open', async () => {
    const first = await stage.opened(stage.log())
    first.writer.write(clicks('ann', 'bob'))
    const pieces = await first.checkpoint(1)

    const restoredFrom = { run: 'run1', checkpoint: 1 }
    await stage.opened(stage.log(), { attempt: 2, blobs: first.blobs, restoredFrom }, pieces)

    expect(await stage.users()).toEqual(['ann', 'bob'])
  })

  test('when a checkpoint is aborted, then its rows keep their piece and come with the next one', async () => {
    const sink = await stage.opened(stage.log())
    sink.writer.write(clicks('ann'))
    const aborted = await sink.checkpoint(1)
    const taken = await sink.commit(2, clicks('bob'))

    expect(taken.map(({ checkpoint, number }) => [checkpoint, number])).toEqual([
      [1, 0],
      [2, 0],
    ])
    expect(taken[0]).toEqual(aborted[0])
    expect(await stage.writtenUsers()).toEqual(['ann', 'bob'])
  })

  test('when a checkpoint has many pieces, then they are committed in the order of their rows', async () => {
    const users = Array.from({ length: 12_345 }, (_, i) => `user-${String(i).padStart(5, '0')}`)
    const sink = await stage.opened(stage.log())
    const pieces = await sink.commit(1, clicks(...users))
    expect(pieces.map(({ number }) => number)).toEqual([0, 1, 2])
    expect(await stage.writtenUsers()).toEqual(users)
  })

  test('when the answer is lost after the commit, then the rows count once', async () => {
    const proxy = await stage.proxy()
    const sink = await stage.opened(stage.log({ database: proxy.addressFor(stage.url) }))
    sink.writer.write(clicks('ann', 'bob'))
    await sink.checkpoint(1)
    proxy.hold('toClient')
    sink.complete(1)
    await until(async () => (await stage.users()).length === 2, { what: 'the commit' })

    proxy.cut()
    proxy.release()
    await sink.writer.drain()

    expect(await stage.users()).toEqual(['ann', 'bob'])
    expect(sink.failures).toEqual([])
  })

  test('when two writers apply one piece at once, then it is applied once', async () => {
    const first = await stage.opened(stage.log())
    first.writer.write(clicks('ann', 'bob'))
    const pieces = await first.checkpoint(1)
    const lock = await stage.holding('lock table click_log in access exclusive mode')

    const restart = { blobs: first.blobs, restoredFrom: { run: 'run1', checkpoint: 1 }, attempt: 2 }
    const racers = [1, 2].map(() => stage.opened(stage.log(), restart, pieces))
    await stage.untilWaiting(2)
    await lock.commit()
    await Promise.all(racers)

    expect(await stage.users()).toEqual(['ann', 'bob'])
  })

  test('when PostgreSQL is restarted while a commit waits inside it, then the commit happens once', async () => {
    const sink = await stage.opened(stage.counts())
    await sink.commit(1, [{ userId: 'ann', clicks: 1 }])
    await stage.holding(`update click_counts set clicks = clicks where user_id = 'ann'`)
    sink.writer.write([
      { userId: 'ann', clicks: 2 },
      { userId: 'bob', clicks: 5 },
    ])
    await sink.checkpoint(2)
    sink.complete(2)
    await stage.untilWaiting()

    await server.restart()
    await sink.writer.drain()

    expect(await stage.countsByUser()).toEqual({ ann: '2', bob: '5' })
    expect(sink.failures).toEqual([])
  }, 60_000)

  test('when the server is out of reach for a while, then the sink waits for it', async () => {
    const proxy = await stage.proxy()
    const sink = await stage.opened(stage.log({ database: proxy.addressFor(stage.url) }))
    proxy.refuse()
    proxy.cut()
    sink.writer.write(clicks('ann'))
    await sink.checkpoint(1)
    sink.complete(1)
    await until(() => proxy.refusals > 1, { what: 'the sink to try twice' })

    proxy.refuse(false)
    await sink.writer.drain()

    expect(await stage.users()).toEqual(['ann'])
  })

  test('when a statement fails for a passing reason, then it is tried again', async () => {
    await stage.query('create sequence tries')
    await stage.query(`create function refuse_twice() returns trigger language plpgsql as $$
      begin
        if nextval('tries') <= 2 then raise exception 'come again' using errcode = '40001'; end if;
        return null;
      end $$`)
    await stage.query(
      'create trigger refuse_twice after insert on click_log for each statement execute function refuse_twice()',
    )
    const sink = await stage.opened(stage.log())
    await sink.commit(1, clicks('ann'))
    expect(await stage.users()).toEqual(['ann'])
    expect(await stage.query('select last_value::integer as tries from tries')).toEqual([{ tries: 3 }])
  })

  test('when a statement waits longer than its time-out, then the server gives it up, and it is tried again', async () => {
    const sink = await stage.opened(stage.log({ statementTimeout: '300ms' }))
    const lock = await stage.holding('lock table click_log in access exclusive mode')
    sink.writer.write(clicks('ann'))
    await sink.checkpoint(1)
    sink.complete(1)
    await stage.untilWaiting(1)
    await stage.untilWaiting(0)
    await lock.commit()
    await sink.writer.drain()
    expect(await stage.users()).toEqual(['ann'])
    expect(sink.failures).toEqual([])
  })

  test('when writers upsert the same keys in different orders, then none deadlocks', async () => {
    const subtasks = [0, 1, 2, 3]
    const sinks = await Promise.all(
      subtasks.map((subtask) => stage.opened(stage.counts(), { subtask, parallelism: 4 })),
    )
    const before = await deadlocks()
    const keys = Array.from({ length: 2_000 }, (_, i) => `key-${i}`)
    for (const id of [1, 2, 3]) {
      await Promise.all(
        sinks.map((sink, subtask) => {
          const order = subtask % 2 === 0 ? keys : keys.toReversed()
          return sink.commit(
            id,
            order.map((userId) => ({ userId, clicks: id * 10 + subtask })),
          )
        }),
      )
    }
    expect(Object.keys(await stage.countsByUser())).toHaveLength(keys.length)
    expect(await deadlocks()).toBe(before)
  })

  test('when the sink is closed while a statement waits, then the statement is cancelled', async () => {
    const sink = await stage.opened(stage.log())
    const lock = await stage.holding('lock table click_log in access exclusive mode')
    sink.writer.write(clicks('ann'))
    await sink.checkpoint(1)
    sink.complete(1)
    await stage.untilWaiting()

    await sink.writer.close()
    await stage.untilWaiting(0)
    await lock.commit()

    expect(await stage.users()).toEqual([])
  })

  async function deadlocks(): Promise<unknown> {
    const [row] = await stage.query(
      'select deadlocks from pg_stat_database where datname = current_database()',
    )
    return row?.['deadlocks']
  }
})
