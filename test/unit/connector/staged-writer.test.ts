import { expect, test } from 'vitest'
import type { SinkSpec } from '#src/connector/sink.js'
import type { UncodedPiece } from '#src/connector/staged-pieces.js'
import type { PieceAnswer, PieceTarget, Pile } from '#src/connector/staged-writer.js'
import { StagedWriter } from '#src/connector/staged-writer.js'
import { LIMITS } from '#src/kit/limits.js'
import { StagedSink, type StageOptions } from '../../support/sink-stage.js'

test('when a checkpoint is complete, then pieces are committed one at a time, each after the answer before', async () => {
  const { sink, outside } = staging()
  sink.writer.write(['a', 'b', 'c', 'd', 'e'])
  await sink.checkpoint(1)
  sink.complete(1)
  await settled()
  expect(outside.asked).toEqual(['1/0 ab'])
  outside.answer('applied')
  await settled()
  expect(outside.asked).toEqual(['1/0 ab', '1/1 cd'])
  outside.answer('already-applied')
  await settled()
  outside.answer('applied')
  await sink.writer.drain()
  expect(outside.asked).toEqual(['1/0 ab', '1/1 cd', '1/2 e'])
})

test('when it is told twice, or late, that a checkpoint is complete, then nothing is committed twice', async () => {
  const { sink, outside } = staging()
  outside.answerAll('applied')
  sink.writer.write(['a'])
  await sink.checkpoint(1)
  sink.writer.write(['b'])
  await sink.checkpoint(2)
  sink.complete(2)
  sink.complete(1)
  sink.complete(2)
  await sink.writer.drain()
  expect(outside.asked).toEqual(['1/0 a', '2/0 b'])
})

test('when the answer is fenced, then the attempt ends and the piece is not confirmed', async () => {
  const { sink, outside } = staging()
  sink.writer.write(['a', 'b', 'c'])
  await sink.checkpoint(1)
  sink.complete(1)
  await settled()
  outside.answer('fenced')
  expect(await sink.failed()).toMatchObject({ code: 'RT1447' })
  const pieces = await sink.checkpoint(2)
  expect(pieces.map(({ checkpoint, number }) => [checkpoint, number])).toEqual([
    [1, 0],
    [1, 1],
  ])
  expect(outside.asked).toHaveLength(1)
})

test('when decided commits exceed their limit, then the sink is not ready until enough are confirmed', async () => {
  const { sink, outside } = staging()
  const piece = 'x'.repeat(LIMITS.decidedBytesMax / 4)
  for (let i = 0; i < 5; i++) sink.writer.write([piece, ''])
  await sink.checkpoint(1)
  expect(sink.writer.isReady()).toBe(true)

  sink.complete(1)
  expect(sink.writer.isReady()).toBe(false)
  await settled()
  expect(sink.readyCalls).toBe(0)
  outside.answer('applied')
  await settled()

  expect(sink.readyCalls).toBe(1)
  expect(sink.writer.isReady()).toBe(true)
})

test('when rows fill the memory faster than the store takes them, then the sink is not ready until it has', async () => {
  const { sink } = staging()
  sink.blobs.hold()
  while (sink.writer.isReady()) sink.writer.write(['x'.repeat(LIMITS.pieceBytes), ''])
  const staged = sink.blobs.bytes
  expect(staged).toBeLessThanOrEqual(LIMITS.stagedBytesInMemory)
  await settled()
  expect(sink.readyCalls).toBe(0)

  sink.blobs.release()
  await settled()

  expect(sink.readyCalls).toBeGreaterThan(0)
  expect(sink.writer.isReady()).toBe(true)
})

test('when it is drained, then it waits for rows that no checkpoint has decided', async () => {
  const { sink, outside } = staging()
  outside.answerAll('applied')
  let isDrained = false
  sink.writer.write(['a'])
  const drained = sink.writer.drain().then(() => {
    isDrained = true
  })
  await settled()
  expect(isDrained).toBe(false)
  await sink.checkpoint(1)
  sink.complete(1)
  await drained
})

test('when restored pieces are fenced, then the sink does not open', async () => {
  const first = staging()
  first.sink.writer.write(['a'])
  const pieces = await first.sink.checkpoint(1)
  const { sink, outside } = staging({ attempt: 2, blobs: first.sink.blobs })
  outside.answerAll('fenced')
  await expect(sink.writer.open(pieces)).rejects.toMatchObject({ code: 'RT1447' })
})

test('when it is closed, then a waiting drain is told, and a late answer changes nothing', async () => {
  const { sink, outside } = staging()
  sink.writer.write(['a'])
  await sink.checkpoint(1)
  sink.complete(1)
  await settled()
  const drained = sink.writer.drain()
  await sink.writer.close()
  await expect(drained).rejects.toThrow('closed')
  outside.answer('applied')
  await settled()
  expect(sink.failures).toEqual([])
})

/** The outside: remembers what it was asked, and answers when it is told to. */
class Outside implements PieceTarget {
  readonly asked: string[] = []
  #answers: ((answer: PieceAnswer) => void)[] = []
  #always: PieceAnswer | undefined

  answer(answer: PieceAnswer): void {
    this.#answers.shift()?.(answer)
  }

  answerAll(answer: PieceAnswer): void {
    this.#always = answer
  }

  async open(): Promise<void> {}

  pile(): Pile {
    return new Words()
  }

  apply(name: { checkpoint: number; number: number }, bytes: Uint8Array): Promise<PieceAnswer> {
    this.asked.push(`${name.checkpoint}/${name.number} ${Buffer.from(bytes)}`)
    if (this.#always !== undefined) return Promise.resolve(this.#always)
    return new Promise((resolve) => this.#answers.push(resolve))
  }

  async close(): Promise<void> {}
}

/** Two words are a piece. */
class Words implements Pile {
  readonly #words: string[] = []

  get isEmpty(): boolean {
    return this.#words.length === 0
  }

  get isFull(): boolean {
    return this.#words.length === 2
  }

  get bytes(): number {
    return this.#words.join('').length
  }

  add(record: unknown): void {
    this.#words.push(String(record))
  }

  cut(): readonly UncodedPiece[] {
    return [{ size: this.bytes, encode: () => Buffer.from(this.#words.join('')) }]
  }
}

const SPEC: SinkSpec = {
  connector: 'outside',
  options: {},
  functions: {},
  guarantee: 'exactly-once',
  keyFields: undefined,
}

function staging(options: StageOptions = {}): { sink: StagedSink; outside: Outside } {
  const outside = new Outside()
  const sink = new StagedSink({ writer: (_, ctx) => new StagedWriter(ctx, outside) }, SPEC, options)
  return { sink, outside }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve()
}
