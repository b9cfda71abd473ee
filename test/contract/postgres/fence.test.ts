import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { raiseFence } from '#src/connector/postgres/postgres-statements.js'
import { describeWith } from '../../support/describe-with.js'
import { heldCommits, holdCommits } from '../../support/held-commits.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { until } from '../../support/until.js'
import { clicks, PostgresStage, QUICK } from './postgres-stage.js'

await describeWith({ postgres: true }, 'the fence of a PostgreSQL sink', () => {
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

  test('when a zombie’s commit arrives after a new attempt opened, then it is fenced and rows count once', async () => {
    const proxy = await stage.proxy()
    const zombie = await stage.opened(stage.log({ database: proxy.addressFor(stage.url) }))
    zombie.writer.write(clicks('ann', 'bob'))
    const pieces = await zombie.checkpoint(1)
    holdCommits(proxy)
    zombie.complete(1)
    await until(() => heldCommits(proxy) === 1, { what: 'the zombie’s statement' })

    const restart = { attempt: 2, blobs: zombie.blobs, restoredFrom: { run: 'run1', checkpoint: 1 } }
    const next = await stage.opened(stage.log(), restart, pieces)
    await next.commit(2, clicks('cid'))
    proxy.release()

    expect(await zombie.failed()).toMatchObject({ code: 'RT1447' })
    expect(await stage.users()).toEqual(['ann', 'bob', 'cid'])
  })

  test('when a zombie’s commit waits inside the server, then the new attempt waits for it and rows count once', async () => {
    const zombie = await stage.opened(stage.log())
    zombie.writer.write(clicks('ann', 'bob'))
    const pieces = await zombie.checkpoint(1)
    const lock = await stage.holding('lock table click_log in access exclusive mode')
    zombie.complete(1)
    await stage.untilWaiting(1)

    const restart = { attempt: 2, blobs: zombie.blobs, restoredFrom: { run: 'run1', checkpoint: 1 } }
    let isOpen = false
    const next = stage.opened(stage.log(), restart, pieces).then((sink) => {
      isOpen = true
      return sink
    })
    await stage.untilWaiting(2)
    expect(isOpen).toBe(false)
    await lock.commit()
    await (await next).commit(2, clicks('cid'))

    expect(await stage.users()).toEqual(['ann', 'bob', 'cid'])
  })

  test('when an at-least-once zombie’s write arrives after newer rows, then it does not replace them', async () => {
    const proxy = await stage.proxy()
    const guarantee = 'at-least-once'
    const zombie = await stage.opened(stage.counts({ guarantee, database: proxy.addressFor(stage.url) }))
    proxy.hold('toServer')
    zombie.writer.write([{ userId: 'ann', clicks: 1 }])
    await until(() => proxy.heldBytes('toServer') > 0, { what: 'the zombie’s statement' })

    const next = await stage.opened(stage.counts({ guarantee }), { attempt: 2 })
    next.writer.write([{ userId: 'ann', clicks: 2 }])
    await next.checkpoint(1)
    proxy.release()

    expect(await zombie.failed()).toMatchObject({ code: 'RT1447' })
    expect(await stage.countsByUser()).toEqual({ ann: '2' })
  })

  test('when an at-least-once zombie’s write waits inside the server, then the new attempt writes after it', async () => {
    const guarantee = 'at-least-once'
    const first = await stage.opened(stage.counts({ guarantee }))
    first.writer.write([{ userId: 'ann', clicks: 1 }])
    await first.checkpoint(1)
    const lock = await stage.holding(`update click_counts set clicks = clicks where user_id = 'ann'`)
    first.writer.write([
      { userId: 'ann', clicks: 2 },
      { userId: 'bob', clicks: 1 },
    ])
    await stage.untilWaiting(1)

    const opening = stage.opened(stage.counts({ guarantee }), { attempt: 2 })
    await stage.untilWaiting(2)
    await lock.commit()
    const next = await opening
    next.writer.write([{ userId: 'bob', clicks: 7 }])
    await next.checkpoint(2)

    expect(await stage.countsByUser()).toEqual({ ann: '2', bob: '7' })
  })

  test('when a statement starts while a raise is under way, then it sees the raised fence', async () => {
    const guarantee = 'at-least-once'
    const zombie = await stage.opened(stage.log({ guarantee }))
    const raiser = await stage.connect()
    await raiser.query('begin')
    await raiser.query(raiseFence({ schema: 'public', table: 'click_log' }), ['run1', 'sink', 2])
    zombie.writer.write(clicks('ann'))
    await stage.untilWaiting()

    await raiser.query('commit')

    expect(await zombie.failed()).toMatchObject({ code: 'RT1447' })
    expect(await stage.users()).toEqual([])
  })

  test('when zombies never stop writing, then a raise still gets its turn', async () => {
    await stage.query(`create function be_slow() returns trigger language plpgsql as $$
      begin perform pg_sleep(0.1 + 0.3 * random()); return null; end $$`)
    await stage.query(
      'create trigger be_slow after insert on click_log for each statement execute function be_slow()',
    )
    const guarantee = 'at-least-once'
    const zombies = await Promise.all(
      [0, 1, 2, 3].map((subtask) => stage.opened(stage.log({ guarantee }), { subtask, parallelism: 4 })),
    )
    const stopped = Promise.all(zombies.map((zombie) => zombie.failed()))
    const feeding = Promise.all(
      zombies.map(async ({ writer, failures }) => {
        while (failures.length === 0) {
          if (writer.isReady()) writer.write(clicks('zombie'))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }),
    )
    await until(async () => (await stage.users()).length > 4, { what: 'the zombies to write' })

    await stage.opened(stage.log({ guarantee }), { attempt: 2 })

    expect(await stopped).toMatchObject(zombies.map(() => ({ code: 'RT1447' })))
    await feeding
  })

  test('when an attempt opens behind a later one, then it is told so', async () => {
    await stage.opened(stage.log(), { attempt: 2 })
    expect(await stage.refusal(stage.log(), { attempt: 1 })).toMatchObject({ code: 'RT1447' })
  })

  test('when a run starts from another’s checkpoint, then the other never writes again', async () => {
    const proxy = await stage.proxy()
    const old = await stage.opened(stage.log({ database: proxy.addressFor(stage.url) }))
    await old.commit(1, clicks('ann'))
    const none = await old.checkpoint(2)
    expect(none).toEqual([])
    old.writer.write(clicks('bob'))
    await old.checkpoint(3)
    proxy.hold('toServer')
    old.complete(3)
    await until(() => proxy.heldBytes('toServer') > 0, { what: 'the old run’s statement' })

    const next = await stage.opened(stage.log(), {
      run: 'run2',
      restoredFrom: { run: 'run1', checkpoint: 2 },
    })
    await next.commit(4, clicks('bob'))
    proxy.release()

    expect(await old.failed()).toMatchObject({ code: 'RT1447' })
    expect(await stage.refusal(stage.log(), { run: 'run1', attempt: 99 })).toMatchObject({ code: 'RT1451' })
    expect(await stage.users()).toEqual(['ann', 'bob'])
  })

  test('when a run starts from another’s checkpoint, then restored pieces go under the names they were staged with', async () => {
    const old = await stage.opened(stage.log())
    old.writer.write(clicks('ann'))
    const pieces = await old.checkpoint(1)
    const restoredFrom = { run: 'run1', checkpoint: 1 }

    await stage.opened(stage.log(), { run: 'run2', blobs: old.blobs, restoredFrom }, pieces)
    await stage.opened(stage.log(), { run: 'run3', blobs: old.blobs, restoredFrom }, pieces)

    expect(await stage.users()).toEqual(['ann'])
    expect(await stage.query('select run, subtask, checkpoint::integer, piece from retake_ledger')).toEqual([
      { run: 'run1', subtask: 0, checkpoint: 1, piece: 0 },
    ])
  })

  test('when the ledger is ahead of what is restored, then the sink refuses, unless repeated rows are allowed', async () => {
    const old = await stage.opened(stage.log())
    const pieces = await old.commit(1, clicks('ann'))
    await old.commit(2, clicks('bob'))
    const older = { run: 'run2', blobs: old.blobs, restoredFrom: { run: 'run1', checkpoint: 1 } }

    const refused = stage.sink(stage.log(), older)
    await expect(refused.writer.open(pieces)).rejects.toMatchObject({ code: 'RT1214' })

    const allowed = await stage.opened(stage.log(), { ...older, allowRepeatedRows: true }, pieces)
    await allowed.commit(3, clicks('bob'))
    expect(await stage.users()).toEqual(['ann', 'bob', 'bob'])
  })
})
