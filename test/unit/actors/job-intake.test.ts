import { expect, test } from 'vitest'
import { JobIntake } from '#actors/job-intake.js'
import { manifestOf } from '#src/checkpoint/manifest.js'
import { storeManifest } from '#src/checkpoint/manifest-store.js'
import { JobHistory } from '#src/cluster/job-history.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import { Connectors } from '#src/connector/registry.js'
import { seededRandom } from '#src/kit/random.js'
import type { Part } from '#src/state/snapshot.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { attempt, checkpoint, clickCount } from '../checkpoint/fixtures.js'
import { on } from '../cluster/fixtures.js'

/** A run that has retained checkpoint 0, and its leader, who goes on to checkpoint 1 and deletes what was before. */
async function stage() {
  const random = seededRandom(1)
  const state = new MemoryState().open()
  const store = new JobStore({ state, random, wallTime: () => 1 })
  const plan = clickCount()
  const intake = new JobIntake({
    store,
    planner: { plan: async () => plan },
    connectors: async () => new Connectors({}, {}),
  })
  const code = { bundle: 'b', request: { params: {} }, fingerprint: plan.fingerprint }
  const record = await store.create({ job: plan.name, ...code, allowRepeatedRows: false })
  const { run } = record
  const append = async (...events: LogEvent[]) => {
    for (const event of events) {
      const history = JobHistory.of(await store.log(run).read())
      const verdict = history.propose(event, `n${history.place}`)
      if (verdict.kind === 'refused') throw new Error(verdict.reason)
      await store.log(run).append(verdict.entry)
    }
  }
  const completed = async (id: number, of: number): Promise<Part> => {
    const head = {
      run,
      plan,
      checkpoint: checkpoint(id),
      attempt: attempt(of),
      triggeredAt: 1,
      completedAt: 1,
    }
    const manifest = await storeManifest(store.blobs, manifestOf(head, [], []), random)
    await append({ ...on.completed(1, of, id), manifest } as LogEvent)
    return manifest
  }
  await append(on.leads(1))
  const first = await completed(0, 0)
  await append(on.started(1, 1, 0), on.reserved(1, 64))
  const goOn = async () => {
    await completed(1, 1)
    await append(on.released(1, 0))
    await store.blobs.delete([first.blob])
  }
  return { store, intake, record, first, goOn }
}

test('when a checkpoint is deleted between two looks because a newer one has come, then the newer one is read', async () => {
  const { store, intake, record, goOn } = await stage()
  const get = store.blobs.get.bind(store.blobs)
  store.blobs.get = async (part) => {
    store.blobs.get = get
    await goOn()
    return get(part)
  }
  expect(await intake.recover(record)).toMatchObject({ run: record.run, origin: undefined })
})

test('when the newest checkpoint is lost, then the run is refused for that', async () => {
  const { store, intake, record, first } = await stage()
  await store.blobs.delete([first.blob])
  await expect(intake.recover(record)).rejects.toMatchObject({ code: 'RT1203' })
})
