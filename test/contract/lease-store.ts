import { describe, expect, test } from 'vitest'
import type { Lease, LeaseHolder, LeaseStore } from '#src/cluster/lease.js'
import type { NodeId, SystemId } from '#src/kit/ids.js'

/** What `make` gives: a lease that nobody has held, as two nodes have it. */
export interface TwoNodesOfLease {
  readonly one: LeaseStore
  readonly other: LeaseStore
}

/** What must be so wherever a lease is kept. */
export function leaseStoreContract(name: string, make: () => Promise<TwoNodesOfLease>): void {
  describe(name, () => {
    test('when nobody has held it, then nothing is read, and only a write after 0 takes it', async () => {
      const { one, other } = await make()
      expect(await one.read()).toBeUndefined()
      expect(await one.write(holderOf('jm-1'), 7)).toBe('taken')
      expect(await one.read()).toBeUndefined()
      expect(await one.write(holderOf('jm-1'), 0)).toBeGreaterThan(0)
      expect(await other.write(holderOf('jm-2'), 0)).toBe('taken')
      expect((await other.read())?.holder).toEqual(holderOf('jm-1'))
    })

    test('when it is written, then every node reads who holds it, and under which revision', async () => {
      const { one, other } = await make()
      const revision = await written(one, holderOf('jm-1'), 0)
      const lease: Lease = { revision, holder: holderOf('jm-1') }
      expect([await one.read(), await other.read()]).toEqual([lease, lease])
    })

    test('when it is given back, then that is read, and whoever comes next takes it', async () => {
      const { one, other } = await make()
      const held = await written(one, holderOf('jm-1'), 0)
      const released = await written(one, { ...holderOf('jm-1'), isReleased: true }, held)
      expect(await other.read()).toEqual({
        revision: released,
        holder: { ...holderOf('jm-1'), isReleased: true },
      })
      await written(other, holderOf('jm-2'), released)
      expect((await one.read())?.holder).toEqual(holderOf('jm-2'))
    })

    test('when it is renewed again and again, then its revision rises', async () => {
      const { one, other } = await make()
      let revision = 0
      for (let round = 0; round < 20; round++) {
        const next = await written(one, holderOf('jm-1'), revision)
        expect(next).toBeGreaterThan(revision)
        revision = next
        expect(await other.read()).toEqual({ revision, holder: holderOf('jm-1') })
      }
    })

    test('when it was written since, then whoever goes by an older revision is told, and changes nothing', async () => {
      const { one, other } = await make()
      const revisions = [0]
      for (let round = 0; round < 6; round++)
        revisions.push(await written(one, holderOf('jm-1'), revisions.at(-1) ?? 0))
      const newest = revisions.pop() ?? 0
      for (const old of revisions) expect(await other.write(holderOf('jm-2'), old), `${old}`).toBe('taken')
      expect(await other.write(holderOf('jm-2'), newest + 1), 'one to come').toBe('taken')
      expect(await one.read()).toEqual({ revision: newest, holder: holderOf('jm-1') })
    })

    test('when many write after one revision, then one has it, and all read whose it is', async () => {
      const { one, other } = await make()
      let revision = 0
      for (let round = 0; round < 10; round++) {
        const rivals = Array.from({ length: 8 }, (_, index) => holderOf(`jm-${round}-${index}`))
        const answers = await Promise.all(
          rivals.map((rival, index) => (index % 2 === 0 ? one : other).write(rival, revision)),
        )
        const winners = rivals.filter((_, index) => answers[index] !== 'taken')
        expect(winners).toHaveLength(1)
        revision = Number(answers.find((answer) => answer !== 'taken'))
        const lease = { revision, holder: winners[0] }
        expect([await one.read(), await other.read()]).toEqual([lease, lease])
      }
    })

    test('when it is read while it is written, then there always is one, and it never goes back', async () => {
      const { one, other } = await make()
      let revision = await written(one, holderOf('jm-1'), 0)
      const seen: number[] = []
      let isWriting = true
      const reading = (async () => {
        while (isWriting) seen.push((await other.read())?.revision ?? 0)
      })()
      for (let round = 0; round < 50; round++) revision = await written(one, holderOf('jm-1'), revision)
      isWriting = false
      await reading
      expect(seen[0]).toBeGreaterThan(0)
      expect(seen).toEqual(seen.toSorted((a, b) => a - b))
    })
  })
}

export function holderOf(name: string): LeaseHolder {
  return { node: `node-${name}` as NodeId, name, system: `system-${name}` as SystemId, isReleased: false }
}

export async function written(store: LeaseStore, holder: LeaseHolder, after: number): Promise<number> {
  const answer = await store.write(holder, after)
  if (answer === 'taken') throw new Error(`the lease is not at revision ${after}`)
  return answer
}
