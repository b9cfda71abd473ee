import { describe, expect, test } from 'vitest'
import { KafkaDeserializer } from '#src/connector/kafka/kafka-deserializer.js'
import { KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import { kafkaOptions } from '#src/connector/kafka/kafka-options.js'
import { splitPosition } from '#src/connector/kafka/kafka-position.js'
import { KafkaReader } from '#src/connector/kafka/kafka-reader.js'
import type { CheckpointId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { LogDouble, turns } from './log-double.js'

const NOT_LEADER = new KafkaFault('unavailable', 'NOT_LEADER_FOR_PARTITION', 'not the leader')
const MISSING = new KafkaFault('missing-topic', 'UNKNOWN_TOPIC_OR_PARTITION', 'no such topic')
const REFUSED = new KafkaFault('unavailable', 'ECONNREFUSED', 'connection refused')

function readerOver(log: LogDouble, given: Record<string, unknown> = {}) {
  const options = kafkaOptions({ brokers: 'broker:9092', topic: 't', format: 'string', ...given })
  const clock = new VirtualClock()
  const seen = { records: [] as unknown[], ready: 0, failures: [] as unknown[], skipped: [] as string[] }
  const reader = new KafkaReader(options, new KafkaDeserializer(options, {}), log, {
    clock,
    logger: silentLogger,
    subtask: 0,
    parallelism: 1,
    emit: (record) => seen.records.push(record),
    ready: () => seen.ready++,
    fail: (error) => seen.failures.push(error),
    skipped: (_, sample) => seen.skipped.push(sample),
  })
  const start = async (...splits: [partition: number, offset: number, stop?: number][]) => {
    reader.addSplits(
      splits.map(([partition, offset, stop = null]) => splitPosition('t', { partition, offset, stop })),
    )
    await turns()
  }
  const offsets = () => reader.positions().map(({ position }) => (position as { offset: number }).offset)
  return { reader, clock, seen, start, offsets }
}

function logOf(...partitions: (string | null)[][]): LogDouble {
  const log = new LogDouble()
  partitions.forEach((values, partition) => void log.append(partition, values))
  return log
}

function numbered(count: number, name = ''): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`)
}

describe('reading', () => {
  test('when an answer comes, then the reader says so, and emits only when polled', async () => {
    const log = logOf(['a', 'b'])
    const { reader, seen, start, offsets } = readerOver(log)
    await start([0, 0])
    expect(reader.poll()).toBe('idle')
    await log.answer()
    expect(seen).toMatchObject({ records: [], ready: 1 })
    expect(offsets()).toEqual([0])
    expect(reader.poll()).toBe('idle')
    expect(seen.records).toEqual(['a', 'b'])
    expect(offsets()).toEqual([2])
  })

  test('when a split has a stop, then nothing behind it is emitted and its position is the stop', async () => {
    const log = logOf(['a', 'b', 'c'], ['x'])
    const { reader, seen, start, offsets } = readerOver(log, { bounded: true })
    await start([0, 1, 2], [1, 0, 0])
    await log.answer()
    expect(reader.poll()).toBe('end')
    expect(seen.records).toEqual(['b'])
    expect(offsets()).toEqual([2, 0])
    expect(log.fetches).toEqual([])
  })

  test('when all splits begin at their stop, or there are none, then it is at its end at once', async () => {
    const log = logOf([])
    const { reader, start } = readerOver(log, { bounded: true })
    expect(reader.poll()).toBe('end')
    await start([0, 5, 5])
    expect(reader.poll()).toBe('end')
  })

  test('when one partition is full and another thin, then they take turns', async () => {
    const log = logOf(numbered(5_000, 'full '), ['thin'])
    const { reader, seen, start } = readerOver(log, { fetch: { maxBytes: 1 << 20 } })
    await start([0, 0], [1, 0])
    await log.answer()
    expect(reader.poll()).toBe('more')
    expect(seen.records.length).toBeLessThanOrEqual(1_024)
    expect(seen.records.indexOf('thin')).toBe(256)
  })

  test('when a broker fills its answer with the first partition, then each comes first in turn', async () => {
    const log = logOf(['a0'], ['b0'])
    for (let i = 1; i < 10; i++) log.append(0, [`a${i}`])
    const { reader, seen, start } = readerOver(log, { fetch: { maxBytes: 1 } })
    await start([0, 0], [1, 0])
    for (let fetches = 0; fetches < 3; fetches++) {
      await log.answer()
      reader.poll()
    }
    expect(seen.records).toEqual(['a0', 'b0', 'a1'])
  })

  test('when records are large, then a poll ends early', async () => {
    const log = logOf(Array.from({ length: 10 }, () => 'x'.repeat(30_000)))
    const { reader, seen, start } = readerOver(log)
    await start([0, 0])
    await log.answer()
    expect(reader.poll()).toBe('more')
    expect(seen.records.length).toBe(3)
  })
})

describe('backpressure', () => {
  test('when nobody polls, then two answers are held and nothing more is fetched', async () => {
    const log = new LogDouble()
    for (let i = 0; i < 100; i++) log.append(0, numbered(10))
    const { reader, start, offsets, clock } = readerOver(log, { fetch: { maxBytes: 1 } })
    await start([0, 0])
    await log.answer()
    await log.answer()
    expect(log.fetches).toEqual([])
    await clock.advance(60_000)
    expect(log.fetches).toEqual([])
    expect(offsets()).toEqual([0])

    reader.poll() // reads both: room again
    expect(log.fetches.length).toBe(1)
    expect(log.fetches[0]?.request.partitions).toEqual([{ partition: 0, offset: 20 }])
    expect(offsets()).toEqual([20])
  })
})

describe('faults', () => {
  test('when a broker no longer leads, then leaders are asked for and reading goes on from the same position', async () => {
    const log = logOf(['a', 'b'])
    const { reader, seen, start, clock } = readerOver(log)
    await start([0, 1])
    log.leaders.set(0, 2)
    await log.answerWith(NOT_LEADER, 1)
    expect(log.fetches).toEqual([])
    await clock.advance(100)
    expect(log.fetches.map(({ node, request }) => [node, request.partitions[0]?.offset])).toEqual([[2, 1]])
    await log.answer(2)
    reader.poll()
    expect(seen).toMatchObject({ records: ['b'], failures: [] })
  })

  test('when what was fetched waits while the leader moves, then order is kept and nothing comes twice', async () => {
    const log = logOf(['a', 'b'])
    const { reader, seen, start, clock } = readerOver(log)
    await start([0, 0])
    await log.answer(1)
    log.append(0, ['c'])
    log.leaders.set(0, 2)
    await log.fail(REFUSED, 1)
    await clock.advance(100)
    await log.answer(2)
    while (reader.poll() === 'more') {}
    expect(seen.records).toEqual(['a', 'b', 'c'])
  })

  test('when the brokers are gone, then they are asked for ever, with growing pauses', async () => {
    const log = logOf(['a'])
    const { reader, seen, start, clock } = readerOver(log)
    await start([0, 0])
    log.metadataFault = REFUSED
    await log.fail(REFUSED)
    const before = log.metadataCalls
    await clock.advance(3_600_000)
    const calls = log.metadataCalls - before
    expect(calls).toBeGreaterThan(700)
    expect(calls).toBeLessThan(740)
    log.metadataFault = undefined
    await clock.advance(5_000)
    await log.answer()
    reader.poll()
    expect(seen).toMatchObject({ records: ['a'], failures: [] })
  })

  test('when the topic is deleted, then it is waited for for five minutes, and then the reader fails', async () => {
    const log = logOf(['a'])
    const { seen, clock, start } = readerOver(log)
    await start([0, 0])
    log.metadataFault = MISSING
    await log.answerWith(MISSING)
    await clock.advance(LIMITS.kafkaMissingTopicMs - 1_000)
    expect(seen.failures).toEqual([])
    await clock.advance(10_000)
    expect(seen.failures).toMatchObject([{ code: 'RT1401', what: expect.stringContaining('topic t') }])
    const calls = log.metadataCalls
    await clock.advance(60_000)
    expect(log.metadataCalls, 'nobody asks any more').toBe(calls)
  })

  test('when the topic is missing only now and then, while brokers come and go, then it is waited for', async () => {
    const log = logOf(['a'])
    const { reader, seen, clock, start } = readerOver(log)
    await start([0, 0])
    log.metadataFault = MISSING
    await log.answerWith(MISSING)
    for (const fault of [REFUSED, MISSING, REFUSED, MISSING]) {
      await clock.advance(LIMITS.kafkaMissingTopicMs - 10_000)
      log.metadataFault = fault
    }
    log.metadataFault = undefined
    await clock.advance(10_000)
    await log.answer()
    reader.poll()
    expect(seen).toMatchObject({ records: ['a'], failures: [] })
  })

  test('when one partition has no leader, then the others go on', async () => {
    const log = logOf(['a'], ['b'])
    log.leaders.delete(1)
    const { reader, seen, start, clock } = readerOver(log)
    await start([0, 0], [1, 0])
    await log.answer()
    reader.poll()
    expect(seen.records).toEqual(['a'])
    log.leaders.set(1, 2)
    await clock.advance(60_000)
    await log.answer(2)
    reader.poll()
    expect(seen).toMatchObject({ records: ['a', 'b'], failures: [] })
  })

  test('when retention has deleted the position, then the job fails and says what is lost', async () => {
    const log = logOf(['a', 'b', 'c'])
    const { seen, start } = readerOver(log)
    await start([0, 1])
    const deleted = log.logs.get(0)
    if (deleted !== undefined) deleted.earliest = 2
    await log.answer()
    expect(seen.failures).toEqual([
      expect.objectContaining({
        code: 'RT1402',
        what: 'partition 0 of topic t is to be read from offset 1, but now begins at 2',
      }),
    ])
    expect(seen.records).toEqual([])
  })

  test('when the topic was made anew, then the job fails', async () => {
    const log = logOf(['a'])
    const { seen, start } = readerOver(log)
    await start([0, 7])
    await log.answer()
    expect(seen.failures).toEqual([expect.objectContaining({ code: 'RT1402' })])
  })

  test('when the range was refused but holds the position, then it is tried again', async () => {
    const log = logOf(['a'])
    const { seen, start, clock } = readerOver(log)
    await start([0, 0])
    await log.answerWith(new KafkaFault('out-of-range', 'OFFSET_OUT_OF_RANGE', 'for a moment'))
    await clock.advance(100)
    expect(log.fetches.length).toBe(1)
    expect(seen.failures).toEqual([])
  })

  test.each([
    ['not-permitted', 'RT1405'],
    ['refused', 'RT1404'],
    ['untrusted', 'RT1490'],
    ['failed', 'RT1407'],
  ] as const)('when a fetch fails as %s, then the reader fails with %s', async (kind, code) => {
    const log = logOf(['a'])
    const { seen, start } = readerOver(log)
    await start([0, 0])
    await log.fail(new KafkaFault(kind, 'X', 'no'))
    expect(seen.failures).toEqual([expect.objectContaining({ code })])
  })

  test('when it is closed, then nothing is asked any more', async () => {
    const log = logOf(['a'])
    const { reader, seen, start, clock } = readerOver(log)
    await start([0, 0])
    await reader.close()
    await log.fail(REFUSED)
    await clock.advance(60_000)
    expect([log.isClosed, log.fetches.length, seen.failures.length]).toEqual([true, 0, 0])
  })
})

describe('bad records', () => {
  test('when the policy is fail, then poll throws before the position has moved', async () => {
    const log = logOf(['1', '{', '3'])
    const { reader, seen, start, offsets } = readerOver(log, { format: 'json' })
    await start([0, 0])
    await log.answer()
    expect(() => reader.poll()).toThrow(expect.objectContaining({ code: 'RT1403' }))
    expect([seen.records, offsets()]).toEqual([[1], [1]])
  })

  test('when the policy is skip, then it is told, counted by position, and the others come', async () => {
    const log = logOf(['1', '{', null, '4'])
    const { reader, seen, start, offsets } = readerOver(log, { format: 'json', onBadRecord: 'skip' })
    await start([0, 0])
    await log.answer()
    reader.poll()
    expect(seen).toMatchObject({ records: [1, 4], skipped: ['"{"', 'null'] })
    expect(offsets()).toEqual([4])
  })
})

describe('offsets in Kafka', () => {
  const at = (offset: number) => [splitPosition('t', { partition: 0, offset, stop: null })]

  test('when a checkpoint is complete, then its positions are committed, with its number', async () => {
    const log = logOf(['a'])
    const { reader } = readerOver(log, { group: 'g' })
    reader.onCheckpointComplete(7 as CheckpointId, at(5))
    await turns()
    expect(log.commits).toEqual([{ group: 'g', offsets: [[0, 5]], note: 'chk-7' }])
  })

  test('when a commit fails or several wait, then nothing fails and the last one is sent', async () => {
    const log = logOf(['a'])
    const { reader, seen } = readerOver(log, { group: 'g' })
    log.commitFault = REFUSED
    for (const id of [1, 2, 3]) reader.onCheckpointComplete(id as CheckpointId, at(id))
    await turns()
    expect(log.commits.map(({ note }) => note)).toEqual(['chk-1', 'chk-3'])
    expect(seen.failures).toEqual([])
  })

  test('when no group is named, then nothing is committed', async () => {
    const log = logOf(['a'])
    const { reader } = readerOver(log)
    reader.onCheckpointComplete(1 as CheckpointId, at(1))
    await turns()
    expect(log.commits).toEqual([])
  })
})
