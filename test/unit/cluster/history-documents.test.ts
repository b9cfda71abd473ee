import { expect, test } from 'vitest'
import { HistoryDocuments } from '#src/cluster/history-documents.js'
import { NO_HISTORY, type RunHistory } from '#src/cluster/run-history.js'
import type { Epoch } from '#src/kit/ids.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { run } from './fixtures.js'
import { attemptOf } from './history-fixtures.js'

const epoch = (number: number) => number as Epoch
const historyOf = (attempt: number): RunHistory => ({ ...NO_HISTORY, attempts: [attemptOf(attempt)] })

function kept() {
  const { documents } = new MemoryState().open()
  return { documents, history: new HistoryDocuments(documents, run) }
}

test('when several leaderships have written, then the newest counts, by number, or the newest before an epoch', async () => {
  const { history } = kept()
  expect(await history.newest()).toBeUndefined()
  for (const one of [2, 10, 9]) await history.put(epoch(one), historyOf(one))
  expect(await history.newest()).toEqual(historyOf(10))
  expect(await history.newest(10)).toEqual(historyOf(9))
  expect(await history.newest(9)).toEqual(historyOf(2))
  expect(await history.newest(2)).toBeUndefined()
})

test('when the newest document is damaged, then the one before it counts', async () => {
  const { documents, history } = kept()
  await history.put(epoch(1), historyOf(1))
  await documents.put(`runs/${run}/history.2`, new Uint8Array([123]))
  expect(await history.newest()).toEqual(historyOf(1))
})

test('when what earlier leaderships have written is deleted, then nothing else of the run, or of another, is', async () => {
  const { documents, history } = kept()
  const others = [`runs/${run}/run.json`, `runs/${run}2/history.1`, `runs/${run}/history.x`]
  for (const name of others) await documents.put(name, new Uint8Array())
  for (const one of [1, 2, 3, 12]) await history.put(epoch(one), historyOf(one))
  await history.deleteBefore(epoch(3))
  const left = [...others, `runs/${run}/history.3`, `runs/${run}/history.12`]
  expect([...(await documents.list('runs'))].sort()).toEqual(left.sort())
})
