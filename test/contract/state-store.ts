import { describe, expect, test } from 'vitest'
import { JobStore } from '#src/cluster/job-store.js'
import type { StateStore } from '#src/cluster/state-store.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { seededRandom } from '#src/kit/random.js'
import type { BlobName } from '#src/state/snapshot.js'
import { entriesOf } from '../unit/cluster/fixtures.js'

/** What `make` gives: an empty store, as two nodes have it. */
export interface TwoNodes {
  readonly one: StateStore
  readonly other: StateStore
}

/** What every state store must do as a whole, whatever keeps it. */
export function stateStoreContract(name: string, make: () => Promise<TwoNodes>): void {
  describe(name, () => {
    test('when a run has its first entry, then it is one of the runs, and no sooner', async () => {
      const { one, other } = await make()
      expect(await one.runs()).toEqual([])
      await one.documents.put('runs/run2/run.json', new Uint8Array(1))
      await one.blobs.put('run3/0/0/manifest.json' as BlobName, new Uint8Array(1))
      for (const run of ['run1', 'run12'] as RunId[]) {
        for (const entry of entriesOf({ type: 'submitted', run, job: 'click-count' })) {
          await one.log(run).append(entry)
        }
      }
      expect((await other.runs()).toSorted()).toEqual(['run1', 'run12'])
      expect(await other.log('run2' as RunId).read()).toEqual([])
    })

    test('when blobs and documents are kept, then each list knows its own', async () => {
      const { one } = await make()
      await one.documents.put('runs/run1/run.json', new Uint8Array(1))
      await one.blobs.put('runs/1/1/run.json' as BlobName, new Uint8Array(1))
      expect(await one.documents.list('runs')).toEqual(['runs/run1/run.json'])
      expect(await one.blobs.list('runs')).toEqual(['runs/1/1/run.json'])
    })

    test('when jobs are submitted, resumed and swept, then it holds for all nodes', async () => {
      const { one, other } = await make()
      let now = 0
      const wallTime = () => ++now
      const [here, there] = [
        new JobStore({ state: one, random: seededRandom(1), wallTime }),
        new JobStore({ state: other, random: seededRandom(2), wallTime }),
      ]
      const bundle = { code: 'export default 1', map: '{}', hash: 'a'.repeat(64) }
      await here.keepBundle(bundle)
      const submitted = {
        job: 'click-count',
        bundle: bundle.hash,
        request: { params: { topic: 'clicks' } },
        fingerprint: 'f1',
        allowRepeatedRows: false,
      }
      const record = await here.create(submitted)
      expect(await there.unended('click-count')).toEqual(record)
      const begun = await there.begin()
      await there.blobs.put(`${begun}/0/7/adopted.0` as BlobName, new Uint8Array(3))
      now += LIMITS.abandonedRunMs
      await here.sweep()
      expect(await there.blobs.list(begun)).toEqual([])
      expect(await other.documents.list('begun')).toEqual([])
      expect(await there.runs()).toEqual([record])
    })
  })
}
