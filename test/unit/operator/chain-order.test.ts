import { expect, test } from 'vitest'
import type { CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { Chain, type Link, type Output } from '#src/operator/chain.js'
import type { Operator, OperatorContext } from '#src/operator/operator.js'
import type { BlobName, BlobReader, Capture, KeyedPart } from '#src/state/snapshot.js'
import { MemoryBlobs } from './running-chain.js'

/** Passes records on, tells what is asked of it, and emits once more before a barrier, and when input has ended. */
class Telling implements Operator {
  readonly #id: string
  readonly #calls: string[]
  #ctx: OperatorContext | undefined

  constructor(id: string, calls: string[]) {
    this.#id = id
    this.#calls = calls
  }

  async open(ctx: OperatorContext): Promise<void> {
    this.#ctx = ctx
    await Promise.resolve()
    this.#calls.push(`${this.#id} open`)
  }

  process(records: readonly unknown[]): void {
    this.#calls.push(`${this.#id} process ${records.length}`)
    for (const record of records) this.#ctx?.emit(record)
  }

  beforeBarrier(): void {
    this.#calls.push(`${this.#id} before barrier`)
    this.#ctx?.emit('held')
  }

  capture(): Capture {
    this.#calls.push(`${this.#id} capture`)
    return { slice: () => true, upload: async () => ({}) }
  }

  finish(): void {
    this.#calls.push(`${this.#id} finish`)
    this.#ctx?.emit('last')
  }

  close(): void {
    this.#calls.push(`${this.#id} close`)
  }
}

test('operators open last to first, and close first to last', async () => {
  const { chain, calls } = chainOf(['a', 'b', 'c'])
  await chain.open()
  await chain.close()
  expect(calls).toEqual(['c open', 'b open', 'a open', 'a close', 'b close', 'c close'])
})

test('when it is closed while it opens, then no further operator is opened, and those opened are closed', async () => {
  const { chain, calls } = chainOf(['a', 'b'])
  const opening = chain.open()
  await chain.close()
  await opening
  expect(calls).not.toContain('a open')
  expect(calls).toContain('b close')
})

test('when it is closed while its state is read back, then its operator is never opened', async () => {
  let resolve: (bytes: Uint8Array) => void = () => {}
  const read = new Promise<Uint8Array>((settle) => {
    resolve = settle
  })
  const part = { blob: 'part' as BlobName, offset: 0, bytes: 3, hash: '' }
  const keyed = [{ firstGroup: 0, lastGroup: 127, part }]
  const { chain, calls } = chainOf(['a'], [], { keyed, blobs: { get: () => read } })
  const opening = chain.open()
  await chain.close()
  resolve(new Uint8Array(3))
  await opening
  expect(calls).toEqual([])
})

test('when input has ended, then each end hook runs once, behind what the one before it has emitted', async () => {
  const { chain, calls, emitted } = chainOf(['a', 'b'])
  await chain.open()
  calls.length = 0
  chain.finish()
  chain.finish()
  expect(calls).toEqual(['a finish', 'b process 1', 'b finish'])
  expect(emitted).toEqual(['last', 'last'])
})

test('when a barrier comes, then each emits ahead of it, behind what the one before it has emitted, and only then is captured', async () => {
  const { chain, calls, emitted } = chainOf(['a', 'b'])
  await chain.open()
  calls.length = 0
  chain.capture(1 as CheckpointId, new MemoryBlobs())
  expect(calls).toEqual(['a before barrier', 'b process 1', 'b before barrier', 'a capture', 'b capture'])
  expect(emitted).toEqual(['held', 'held'])
})

test('when an end hook had run before the restored checkpoint, then it does not run again', async () => {
  const { chain, calls, emitted } = chainOf(['a', 'b'], ['a', 'b'])
  await chain.open()
  calls.length = 0
  chain.finish()
  expect(calls).toEqual([])
  expect(emitted).toEqual([])
})

test('when only some end hooks had run, then the others do, and only then is the end in a snapshot', async () => {
  const { chain, calls } = chainOf(['a', 'b'], ['a'])
  await chain.open()
  expect(await endedIn(chain)).toBe(false)
  calls.length = 0
  chain.finish()
  expect(calls).toEqual(['b finish'])
  expect(await endedIn(chain)).toBe(true)
})

test('when more is emitted than a batch, then it is passed on a batch at a time', async () => {
  const { chain, calls } = chainOf(['a', 'b'])
  await chain.open()
  calls.length = 0
  chain.process(Array.from({ length: 2_500 }, (_, i) => i))
  expect(calls).toEqual(['a process 2500', 'b process 1024', 'b process 1024', 'b process 452'])
})

test('when a chain is used before it is open, or after it is closed, then it crashes', async () => {
  const { chain } = chainOf(['a'])
  expect(() => chain.process([1])).toThrow('a chain is open while it is used')
  await chain.open()
  await chain.close()
  expect(() => chain.process([1])).toThrow('a chain is open while it is used')
})

interface Restored {
  readonly keyed: readonly KeyedPart[]
  readonly blobs: BlobReader
}

function chainOf(ids: readonly string[], ended: readonly string[] = [], restored?: Restored) {
  const calls: string[] = []
  const emitted: unknown[] = []
  const output: Output = (records) => emitted.push(...records)
  const links = ids.map(
    (id, i): Link => ({
      id: id as OperatorId,
      where: 'here:1',
      operator: new Telling(id, calls),
      isKeyed: restored !== undefined,
      fedBy: i === 0 ? undefined : i - 1,
      outputs: i === ids.length - 1 ? [output] : [],
    }),
  )
  const chain = new Chain(links, {
    run: 'run' as RunId,
    vertex: 0 as VertexIndex,
    subtask: 0 as SubtaskIndex,
    parallelism: 1,
    maxParallelism: 128,
    clock: new VirtualClock(),
    logger: silentLogger,
    blobs: restored?.blobs ?? new MemoryBlobs(),
    restored: ids.map((id) => ({
      operator: id as OperatorId,
      pieces: [],
      keyed: restored?.keyed ?? [],
      ended: ended.includes(id),
    })),
  })
  return { chain, calls, emitted }
}

async function endedIn(chain: Chain): Promise<boolean> {
  const capture = chain.capture(1 as CheckpointId, new MemoryBlobs())
  while (!capture.slice());
  return (await capture.upload()).ended
}
