import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { collect } from '#src/api/collect.js'
import { print } from '#src/api/console.js'
import { collectSink } from '#src/connector/collect/collect-sink.js'
import { StreamOutput } from '#src/connector/console/console-sink.js'
import { LineWriter } from '#src/connector/line-writer.js'
import type { SinkConnector } from '#src/connector/registry.js'
import { readCollected } from '#src/testing/read-collected.js'
import { StagedSink } from '../../../support/sink-stage.js'

/** A stream that takes a text when it is told to. */
class SlowStream {
  readonly texts: string[] = []
  readonly #waiting: ((error?: Error) => void)[] = []

  write(text: string, written: (error?: Error) => void): void {
    this.texts.push(text)
    this.#waiting.push(written)
  }

  get underWay(): number {
    return this.#waiting.length
  }

  async take(error?: Error): Promise<void> {
    this.#waiting.shift()?.(error)
    for (let turn = 0; turn < 8; turn++) await Promise.resolve()
  }
}

function printing(stream: SlowStream): StagedSink {
  const connector: SinkConnector = { writer: (_, ctx) => new LineWriter(ctx, new StreamOutput(stream)) }
  return new StagedSink(connector, print())
}

test('when records come while a write is under way, then they gather, and go out in order, one write at a time', async () => {
  const stream = new SlowStream()
  const { writer } = printing(stream)
  writer.write([{ a: 1 }, 'b'])
  writer.write([2n])
  writer.write([null])
  expect(stream.texts).toEqual(['{"a":1}\n"b"\n'])
  await stream.take()
  expect(stream.texts).toEqual(['{"a":1}\n"b"\n', '"2"\nnull\n'])
  expect(stream.underWay).toBe(1)
})

test('when a barrier or the end comes, then it waits for the lines before it, and for no others', async () => {
  const stream = new SlowStream()
  const sink = printing(stream)
  const { writer } = sink
  writer.write([1])
  writer.write([2])
  const seen: string[] = []
  void sink.checkpoint(1).then(() => seen.push('checkpoint'))
  writer.write([3])
  await stream.take()
  expect(seen).toEqual([])
  await stream.take()
  await stream.take()
  expect(seen).toEqual(['checkpoint'])
  writer.write([4])
  void writer.drain().then(() => seen.push('drained'))
  await stream.take()
  expect(seen).toEqual(['checkpoint', 'drained'])
  await writer.drain()
})

test('when the stream is slow, then what waits is bounded, and the sink says when there is room', async () => {
  const stream = new SlowStream()
  const sink = printing(stream)
  const text = 'x'.repeat(10_000)
  let records = 0
  while (sink.writer.isReady()) {
    sink.writer.write([text])
    records++
  }
  expect(records).toBeLessThan(30)
  expect(sink.readyCalls).toBe(0)
  await stream.take()
  expect(sink.readyCalls).toBe(1)
  expect(sink.writer.isReady()).toBe(true)
})

test('when a write fails, then the sink fails once, and no barrier is acknowledged', async () => {
  const stream = new SlowStream()
  const sink = printing(stream)
  sink.writer.write([1])
  const before = sink.checkpoint(1)
  before.catch(() => {})
  await stream.take(new Error('EPIPE'))
  await expect(before).rejects.toThrow('EPIPE')
  await expect(sink.checkpoint(2)).rejects.toThrow('EPIPE')
  expect(sink.failures).toHaveLength(1)
  await sink.writer.close()
})

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-collect-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test('when several subtasks collect into one file, then a test reads every record whole', async () => {
  const path = join(folder, 'some', 'records.jsonl')
  expect(await readCollected(path)).toEqual([])
  const sinks = Array.from(
    { length: 4 },
    (_, subtask) => new StagedSink(collectSink, collect(path), { subtask }),
  )
  await Promise.all(sinks.map(({ writer }) => writer.open([])))
  for (let batch = 0; batch < 50; batch++) {
    for (const [subtask, { writer }] of sinks.entries())
      writer.write([{ subtask, batch, text: 'ü'.repeat(200) }])
    if (batch % 10 === 9) await Promise.all(sinks.map(({ writer }) => writer.drain()))
  }
  await Promise.all(sinks.map((sink) => sink.checkpoint(1)))
  await Promise.all(sinks.map(({ writer }) => writer.close()))
  const records = await readCollected<{ subtask: number; batch: number }>(path)
  expect(records).toHaveLength(200)
  for (const subtask of [0, 1, 2, 3]) {
    const batches = records.filter((record) => record.subtask === subtask).map(({ batch }) => batch)
    expect(batches).toEqual(Array.from({ length: 50 }, (_, batch) => batch))
  }
  expect(readFileSync(path, 'utf8').endsWith('\n')).toBe(true)
})
