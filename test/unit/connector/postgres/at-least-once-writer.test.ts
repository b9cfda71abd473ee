import { expect, test } from 'vitest'
import { AtLeastOnceWriter } from '#src/connector/postgres/at-least-once-writer.js'
import type { PostgresSession } from '#src/connector/postgres/postgres-session.js'
import type { OpenSink } from '#src/connector/postgres/sink-opening.js'
import type { SinkContext } from '#src/connector/sink.js'
import { operatorId, piece } from '../../checkpoint/fixtures.js'

test('when staged rows come to a sink that stages none, then it does not open: they would be lost', async () => {
  const ctx = { operator: operatorId('table') } as SinkContext
  const opened: unknown[] = []
  const opening = async (restored: unknown) => {
    opened.push(restored)
    return {} as OpenSink
  }
  const writer = new AtLeastOnceWriter(ctx, {} as PostgresSession, opening)
  await expect(writer.open([piece(0, 5)])).rejects.toThrow('staged rows were restored')
  expect(opened).toEqual([])
})
