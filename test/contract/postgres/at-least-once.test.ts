import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../../support/describe-with.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { until } from '../../support/until.js'
import { clicks, PostgresStage, QUICK } from './postgres-stage.js'

const guarantee = 'at-least-once'

await describeWith({ postgres: true }, 'the at-least-once PostgreSQL sink', () => {
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

  test('when rows are few, then they are in the table soon, without a checkpoint', async () => {
    const sink = await stage.opened(stage.log({ guarantee }))
    sink.writer.write(clicks('ann', 'bob'))
    await until(async () => (await stage.users()).length === 2, { what: 'the rows' })
    expect(await stage.writtenUsers()).toEqual(['ann', 'bob'])
  })

  test('when a barrier comes, then it is acknowledged after the rows before it are in the table', async () => {
    const sink = await stage.opened(stage.counts({ guarantee }))
    const rows = Array.from({ length: 12_000 }, (_, i) => ({ userId: `user-${i % 9_000}`, clicks: i }))
    sink.writer.write(rows)
    const lock = await stage.holding('lock table click_counts in exclusive mode')
    let isAcknowledged = false
    const acknowledged = sink.checkpoint(1).then((pieces) => {
      isAcknowledged = true
      return pieces
    })
    await stage.untilWaiting()
    expect(isAcknowledged).toBe(false)
    await lock.commit()

    expect(await acknowledged).toEqual([])
    const expected = Object.fromEntries(rows.map(({ userId, clicks }) => [userId, String(clicks)]))
    expect(await stage.countsByUser()).toEqual(expected)
  })

  test('when statements wait, then the sink is not ready until they are answered', async () => {
    const sink = await stage.opened(stage.log({ guarantee }))
    const lock = await stage.holding('lock table click_log in access exclusive mode')
    let batches = 0
    while (sink.writer.isReady()) {
      sink.writer.write(clicks(...Array.from({ length: 1_000 }, (_, i) => `user-${i}`)))
      batches++
    }
    expect(batches).toBeLessThan(30)
    expect(sink.readyCalls).toBe(0)

    await lock.commit()
    await until(() => sink.readyCalls > 0, { what: 'the sink to be ready' })
    await sink.writer.drain()

    expect(await stage.users()).toHaveLength(batches * 1_000)
  })

  test('when an answer is lost, then the attempt ends, because the write may still land', async () => {
    const proxy = await stage.proxy()
    const sink = await stage.opened(stage.log({ guarantee, database: proxy.addressFor(stage.url) }))
    proxy.hold('toClient')
    sink.writer.write(clicks('ann'))
    const acknowledged = sink.checkpoint(1)
    await until(async () => (await stage.users()).length === 1, { what: 'the write' })
    proxy.cut()

    await expect(acknowledged).rejects.toMatchObject({ code: 'RT1448' })
    expect(await sink.failed()).toMatchObject({ code: 'RT1448' })
    expect(await stage.users()).toEqual(['ann'])
  })

  test('when the server ends the connection while a write waits inside it, then the attempt ends', async () => {
    const sink = await stage.opened(stage.log({ guarantee }))
    await stage.holding('lock table click_log in access exclusive mode')
    sink.writer.write(clicks('ann'))
    await stage.untilWaiting()
    await stage.endSinkConnections()
    expect(await sink.failed()).toMatchObject({ code: 'RT1448' })
  })

  test('when a connection is lost between two statements, then the next one opens another', async () => {
    const sink = await stage.opened(stage.log({ guarantee }))
    sink.writer.write(clicks('ann'))
    await sink.checkpoint(1)
    await stage.endSinkConnections()
    sink.writer.write(clicks('bob'))
    await sink.checkpoint(2)
    expect(await stage.users()).toEqual(['ann', 'bob'])
    expect(sink.failures).toEqual([])
  })

  test('when the server answers that a write lost a race, then it is tried again', async () => {
    await stage.query('create sequence tries')
    await stage.query(`create function refuse_twice() returns trigger language plpgsql as $$
      begin
        if nextval('tries') <= 2 then raise exception 'come again' using errcode = '40P01'; end if;
        return null;
      end $$`)
    await stage.query(
      'create trigger refuse_twice after insert on click_log for each statement execute function refuse_twice()',
    )
    const sink = await stage.opened(stage.log({ guarantee }))
    sink.writer.write(clicks('ann'))
    await sink.checkpoint(1)
    expect(await stage.users()).toEqual(['ann'])
  })
})
