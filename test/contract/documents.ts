import { describe, expect, test } from 'vitest'
import type { Documents } from '#src/cluster/state-store.js'

/** What `make` gives: an empty store, as two nodes have it. */
export interface TwoNodes {
  readonly one: Documents
  readonly other: Documents
}

const bytesOf = (text: string) => new TextEncoder().encode(text)

async function textOf(documents: Documents, name: string): Promise<string | undefined> {
  const bytes = await documents.get(name)
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes)
}

/** What every store of documents must do, whatever keeps it. */
export function documentsContract(name: string, make: () => Promise<TwoNodes>): void {
  describe(name, () => {
    test('when nothing stands there, then that is no error', async () => {
      const { one } = await make()
      expect(await one.get('runs/run1/run.json')).toBeUndefined()
      expect(await one.list('runs')).toEqual([])
      await one.delete('runs/run1/run.json')
    })

    test('when a document is put, then another node reads it; when it is put again, then the new one', async () => {
      const { one, other } = await make()
      await one.put('runs/run1/run.json', bytesOf('first, and longer'))
      expect(await textOf(other, 'runs/run1/run.json')).toBe('first, and longer')
      await other.put('runs/run1/run.json', bytesOf('second'))
      expect(await textOf(one, 'runs/run1/run.json')).toBe('second')
      expect(await one.list('runs')).toEqual(['runs/run1/run.json'])
    })

    test('when a document is empty, then it is there all the same', async () => {
      const { one, other } = await make()
      await one.put('begun/run1.1700000000000', new Uint8Array())
      expect(await textOf(other, 'begun/run1.1700000000000')).toBe('')
      expect(await other.list('begun')).toEqual(['begun/run1.1700000000000'])
    })

    test('when a folder is listed, then all below it are named, and no others', async () => {
      const { one, other } = await make()
      const names = ['runs/run1/run.json', 'runs/run1/adopted.json', 'runs/run12/run.json']
      for (const each of [...names, 'bundles/abc.mjs', 'bundles/abc.mjs.map'])
        await one.put(each, bytesOf('x'))
      expect((await other.list('runs')).toSorted()).toEqual(names.toSorted())
      expect((await other.list('runs/run1')).toSorted()).toEqual(names.slice(0, 2).toSorted())
      expect((await other.list('bundles')).toSorted()).toEqual(['bundles/abc.mjs', 'bundles/abc.mjs.map'])
      expect(await other.list('begun')).toEqual([])
    })

    test('when a document is deleted, then those beside it stay', async () => {
      const { one, other } = await make()
      await one.put('runs/run1/run.json', bytesOf('x'))
      await one.put('runs/run1/adopted.json', bytesOf('y'))
      await other.delete('runs/run1/run.json')
      await other.delete('runs/run1/run.json')
      expect(await one.get('runs/run1/run.json')).toBeUndefined()
      expect(await one.list('runs')).toEqual(['runs/run1/adopted.json'])
      await other.delete('runs/run1/adopted.json')
      await one.put('runs/run1/run.json', bytesOf('again'))
      expect(await textOf(other, 'runs/run1/run.json')).toBe('again')
    })

    test('when two write one document while a third reads, then it is whole, and one of both', async () => {
      const { one, other } = await make()
      const [a, b] = ['a'.repeat(300_000), 'b'.repeat(300_000)]
      await one.put('runs/run1/run.json', bytesOf(a))
      for (let round = 0; round < 5; round++) {
        const [seen] = await Promise.all([
          textOf(other, 'runs/run1/run.json'),
          one.put('runs/run1/run.json', bytesOf(a)),
          other.put('runs/run1/run.json', bytesOf(b)),
        ])
        for (const text of [seen, await textOf(one, 'runs/run1/run.json')]) {
          expect(text?.length).toBe(300_000)
          expect(text === a || text === b).toBe(true)
        }
      }
    })

    test.each([
      'run.json',
      '../a/b.json',
      'runs/../b.json',
      'a/b/c/d.json',
      'runs/run1/plain',
      'runs/*/a.json',
      'runs/.json',
      'runs/a.tmp',
    ])('when a name could leave its folder (%s), then it is refused', async (bad) => {
      const { one } = await make()
      await expect(one.put(bad, bytesOf('x'))).rejects.toThrow('leave its folder')
      await expect(one.get(bad)).rejects.toThrow('leave its folder')
      await expect(one.delete(bad)).rejects.toThrow('leave its folder')
    })
  })
}
