import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Piece } from '#src/state/snapshot.js'
import { describeWith } from '../../support/describe-with.js'
import { HeldBlobs } from '../../support/held-blobs.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import type { StagedSink } from '../../support/sink-stage.js'
import { PostgresStage, QUICK } from './postgres-stage.js'

await describeWith({ postgres: true }, 'a PostgreSQL sink whose parallelism changes', () => {
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

  test('when staged rows move from 4 to 2 to 3 subtasks, then each owner’s pieces come once and in order', async () => {
    const blobs = new HeldBlobs()
    const written: string[] = []

    // Two checkpoints that nobody commits: every owner leaves two pieces.
    const four = await start(4, { run: 'run1', attempt: 1, blobs })
    write(four, written, 'a')
    await snapshot(four, 1)
    write(four, written, 'b')
    const left = await snapshot(four, 2)
    expect(left).toHaveLength(8)

    const fromTwo = { restoredFrom: { run: 'run1', checkpoint: 2 }, blobs }
    const two = await start(2, { run: 'run2', attempt: 1, ...fromTwo }, left)
    write(two, written, 'c')
    const third = await snapshot(two, 3)
    expect(third).toHaveLength(2)

    const three = await start(
      3,
      { run: 'run2', attempt: 2, blobs, restoredFrom: { run: 'run2', checkpoint: 3 } },
      third,
    )
    write(three, written, 'd')
    await snapshot(three, 4)
    for (const sink of three) sink.complete(4)
    await Promise.all(three.map((sink) => sink.writer.drain()))

    const log = await stage.writtenUsers()
    expect(log.toSorted()).toEqual(written.toSorted())
    for (const owner of [0, 1, 2, 3]) {
      const mine = (user: string) => user.startsWith(`${owner}-`)
      expect(log.filter(mine)).toEqual(written.filter(mine))
    }
  })

  test('when pieces of one owner are handed over in any order, then they are written in theirs', async () => {
    const first = await stage.opened(stage.log())
    first.writer.write([{ userId: 'older' }])
    await first.checkpoint(1)
    first.writer.write([{ userId: 'newer' }])
    const pieces = await first.checkpoint(2)

    const restart = { attempt: 2, blobs: first.blobs, restoredFrom: { run: 'run1', checkpoint: 2 } }
    await stage.opened(stage.log(), restart, pieces.toReversed())

    expect(await stage.writtenUsers()).toEqual(['older', 'newer'])
  })

  async function start(
    parallelism: number,
    options: Parameters<PostgresStage['opened']>[1] & {},
    restored: readonly Piece[] = [],
  ): Promise<StagedSink[]> {
    const subtasks = Array.from({ length: parallelism }, (_, subtask) => subtask)
    return Promise.all(
      subtasks.map((subtask) => {
        const mine = restored.filter((piece) => piece.owner % parallelism === subtask)
        return stage.opened(stage.log(), { ...options, subtask, parallelism }, mine)
      }),
    )
  }

  function write(sinks: readonly StagedSink[], written: string[], word: string): void {
    for (const [subtask, sink] of sinks.entries()) {
      for (const number of [1, 2, 3]) {
        const userId = `${subtask}-${word}${number}`
        sink.writer.write([{ userId }])
        written.push(userId)
      }
    }
  }

  async function snapshot(sinks: readonly StagedSink[], id: number): Promise<Piece[]> {
    return (await Promise.all(sinks.map((sink) => sink.checkpoint(id)))).flat()
  }
})
