import { expect, test } from 'vitest'
import { patientStore } from '#src/cluster/patient-store.js'
import type { StateStore } from '#src/cluster/state-store.js'
import { RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { BlobName } from '#src/state/snapshot.js'
import { MemoryState } from '#src/testing/memory-state.js'

const NAME = 'run/1/2/part' as BlobName
const AWAY = new RetakeError('RT1501', { what: 'no leader', why: 'it died', fix: 'wait' })
const FULL = new RetakeError('RT1301', { what: 'no space', why: 'it is full', fix: 'make room' })

/** A store of which `failure` keeps blobs and documents until `upAt`. */
function stage(failure: RetakeError, upAt: number) {
  const clock = new VirtualClock()
  const inner = new MemoryState().open()
  const gate = async () => {
    if (clock.now() < upAt) throw failure
  }
  const gated: StateStore = {
    ...inner,
    blobs: {
      ...inner.blobs,
      put: (name, bytes) => gate().then(() => inner.blobs.put(name, bytes)),
      get: (part) => gate().then(() => inner.blobs.get(part)),
    },
    documents: { ...inner.documents, get: (name) => gate().then(() => inner.documents.get(name)) },
  }
  return { clock, store: patientStore(gated, clock) }
}

test('when nobody answers for a store for a while, then what can be asked twice is, until somebody does', async () => {
  const { clock, store } = stage(AWAY, 3_000)
  const put = store.blobs.put(NAME, Uint8Array.of(1, 2))
  const document = store.documents.get('runs/run/run.json')
  await clock.advance(4_000)
  expect(await document).toBeUndefined()
  const got = store.blobs.get(await put)
  await clock.advance(0)
  expect([...(await got)]).toEqual([1, 2])
})

test.each([
  ['it stays away', AWAY, LIMITS.storePatienceMs],
  ['it is full', FULL, 0],
])('when %s, then whoever asked is told after a time that has an end', async (_, failure, afterMs) => {
  const { clock, store } = stage(failure, Number.POSITIVE_INFINITY)
  let failedAt: number | undefined
  const put = store.blobs.put(NAME, Uint8Array.of(1)).catch((error: RetakeError) => {
    failedAt = clock.now()
    return error.code
  })
  await clock.advance(60_000)
  expect([await put, failedAt]).toEqual([failure.code, afterMs])
})
