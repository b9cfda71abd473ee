import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { describeWith } from '../../support/describe-with.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'

import { clicks, PostgresStage } from './postgres-stage.js'

await describeWith({ postgres: true }, 'the exactly-once PostgreSQL sink', () => {
  let server: PostgresServer
  let stage: PostgresStage

  beforeAll(async () => {
    server = await startPostgres()
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

  test('when a piece is restored that the database already has, then it is not written again', async () => {
    const first = await stage.opened(stage.log())
    const pieces = await first.commit(1, clicks('ann', 'bob'))

    await stage.opened(
      stage.log(),
      { attempt: 2, blobs: first.blobs, restoredFrom: { run: 'run1', checkpoint: 1 } },
      pieces,
    )

    expect(pieces).toHaveLength(1)
    expect(await stage.users()).toEqual(['ann', 'bob'])
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
})
