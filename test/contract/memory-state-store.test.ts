import { expect, test } from 'vitest'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { entriesOf, on, STARTED } from '../unit/cluster/fixtures.js'
import { BYTES, blobStoreContract, nameOf } from './blob-store.js'
import { documentsContract } from './documents.js'
import { jobLogContract } from './job-log.js'
import { leaseStoreContract } from './lease-store.js'
import { stateStoreContract } from './state-store.js'

const RUN = 'run1' as RunId

async function twoNodes() {
  const state = new MemoryState()
  return { one: state.open(), other: state.open() }
}

stateStoreContract('a state store in memory', twoNodes)

jobLogContract('a job log in memory', async () => {
  const { one, other } = await twoNodes()
  return { one: one.log(RUN), other: other.log(RUN) }
})

blobStoreContract('the blobs in memory', async () => {
  const { one, other } = await twoNodes()
  return { one: one.blobs, other: other.blobs }
})

documentsContract('the documents in memory', async () => {
  const { one, other } = await twoNodes()
  return { one: one.documents, other: other.documents }
})

leaseStoreContract('the lease in memory', async () => {
  const { one, other } = await twoNodes()
  return { one: one.lease, other: other.lease }
})

test('when a client is closed, then what it wrote is there for the next one', async () => {
  const state = new MemoryState()
  const first = state.open()
  for (const entry of entriesOf(...STARTED)) await first.log(RUN).append(entry)
  const part = await first.blobs.put(nameOf('a'), BYTES)
  await first.documents.put('runs/run1/run.json', BYTES)
  await first.close()

  const second = state.open()
  expect((await second.log(RUN).read()).map(({ place }) => place)).toEqual([1, 2, 3, 4, 5])
  expect(await second.blobs.get(part)).toEqual(new Uint8Array(BYTES))
  expect(await second.documents.get('runs/run1/run.json')).toEqual(new Uint8Array(BYTES))
})

test('when somebody changes what was written or read, then nobody else sees that', async () => {
  const store = new MemoryState().open()
  for (const entry of entriesOf(on.submitted())) await store.log(RUN).append(entry)
  const part = await store.blobs.put(nameOf('a'), BYTES)
  const document = Uint8Array.from(BYTES)
  await store.documents.put('runs/run1/run.json', document)
  document.fill(0)

  const [read] = await store.log(RUN).read()
  Object.assign(read ?? {}, { nonce: 'changed' })
  for (const bytes of [await store.blobs.get(part), await store.documents.get('runs/run1/run.json')])
    bytes?.fill(0)

  expect((await store.log(RUN).read())[0]?.nonce).toBe('nonce-1')
  expect(await store.blobs.get(part)).toEqual(new Uint8Array(BYTES))
  expect(await store.documents.get('runs/run1/run.json')).toEqual(new Uint8Array(BYTES))
})

test('when entries are dropped, then exactly as many stay as the other stores keep', async () => {
  const store = new MemoryState().open()
  const many = [...STARTED, ...Array.from({ length: 30 }, (_, id) => on.completed(1, 1, id + 1))]
  for (const entry of entriesOf(...many)) await store.log(RUN).append(entry)
  expect(await store.log(RUN).read()).toHaveLength(LIMITS.logEntriesKept)
})

test('when an entry would leave a hole, then that is a fault of whoever wrote it, and it is not kept', async () => {
  const log = new MemoryState().open().log(RUN)
  const [, second] = entriesOf(on.submitted(), on.leads(1))
  if (second === undefined) throw new Error('too short')
  await expect(log.append(second)).rejects.toThrow('a place that follows none')
  expect(await log.read()).toEqual([])
})

test('when an entry follows one that lost its place, then it has lost too', async () => {
  const log = new MemoryState().open().log(RUN)
  const [first, second, third] = entriesOf(on.submitted(), on.leads(1), on.leads(2))
  if (first === undefined || second === undefined || third === undefined) throw new Error('too short')
  await log.append(first)
  await log.append({ ...second, nonce: 'winner' })
  expect(await log.append(third)).toBe('taken')
  expect(await log.read()).toHaveLength(2)
})

test('when a log was only looked at, then its run is none yet', async () => {
  const store = new MemoryState().open()
  expect(await store.log(RUN).read()).toEqual([])
  expect(await store.runs()).toEqual([])
})
