import { describe, expect, test } from 'vitest'
import { KafkaEnumerator } from '#src/connector/kafka/kafka-enumerator.js'
import { KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import { kafkaOptions } from '#src/connector/kafka/kafka-options.js'
import { silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { LogDouble } from './log-double.js'

const GONE = new KafkaFault('unavailable', 'ECONNREFUSED', 'connection refused')

function enumeratorOver(log: LogDouble, given: Record<string, unknown>) {
  const clock = new VirtualClock()
  const options = kafkaOptions({ brokers: 'broker:9092', topic: 't', ...given })
  return { clock, enumerator: new KafkaEnumerator(options, log, clock, silentLogger) }
}

function twoPartitions(): LogDouble {
  const log = new LogDouble()
  log.append(0, ['a', 'b', 'c'])
  log.append(1, ['x'])
  const first = log.logs.get(0)
  if (first !== undefined) first.earliest = 1
  return log
}

describe('start and stop', () => {
  test.each([
    [
      'earliest',
      {},
      [
        [1, null],
        [0, null],
      ],
    ],
    [
      'latest',
      { start: 'latest' },
      [
        [3, null],
        [1, null],
      ],
    ],
    [
      'timestamp',
      { start: { timestamp: 2 } },
      [
        [2, null],
        [2, null],
      ],
    ],
    [
      'group, missing from earliest',
      { start: 'group', group: 'g' },
      [
        [2, null],
        [0, null],
      ],
    ],
    [
      'bounded',
      { bounded: true },
      [
        [1, 3],
        [0, 1],
      ],
    ],
    [
      'stop at a time',
      { stop: { timestamp: 2 } },
      [
        [1, 2],
        [0, 2],
      ],
    ],
  ] as const)('when it is %s, then every partition has numbers', async (_, given, expected) => {
    const log = twoPartitions()
    log.committed.set(0, 2)
    const splits = await enumeratorOver(log, given).enumerator.resolve()
    expect(splits.map(({ split, owner }) => [split, owner])).toEqual([
      ['t-0', 0],
      ['t-1', 1],
    ])
    const positions = splits.map(({ position }) => position as { offset: number; stop: number | null })
    expect(positions.map(({ offset, stop }) => [offset, stop])).toEqual(expected)
  })
})

describe('discovery', () => {
  test('when partitions appear, then they are read from their beginning whatever the start was', async () => {
    const log = twoPartitions()
    const { enumerator } = enumeratorOver(log, { start: 'latest' })
    expect(enumerator.discoverEveryMs).toBe(300_000)
    await enumerator.resolve()
    expect(await enumerator.discover(new Set(['t-0', 't-1']))).toEqual([])
    log.append(2, ['written', 'before', 'noticed'])
    expect(await enumerator.discover(new Set(['t-0', 't-1']))).toEqual([
      { split: 't-2', owner: 2, position: { partition: 2, offset: 0, stop: null }, ended: false },
    ])
  })

  test('when it is bounded or switched off, then there is none', () => {
    expect(enumeratorOver(twoPartitions(), { bounded: true }).enumerator.discoverEveryMs).toBeUndefined()
    expect(enumeratorOver(twoPartitions(), { discover: false }).enumerator.discoverEveryMs).toBeUndefined()
    expect(enumeratorOver(twoPartitions(), { discover: '10s' }).enumerator.discoverEveryMs).toBe(10_000)
  })

  test('when Kafka is gone, then discovery finds nothing and fails nothing', async () => {
    const log = twoPartitions()
    log.metadataFault = GONE
    expect(await enumeratorOver(log, {}).enumerator.discover(new Set())).toEqual([])
  })
})

describe('faults', () => {
  test.each([
    ['missing-topic', 'RT1401'],
    ['refused', 'RT1404'],
    ['untrusted', 'RT1490'],
    ['not-permitted', 'RT1405'],
  ] as const)('when Kafka says %s, then it fails at once with %s', async (kind, code) => {
    const log = twoPartitions()
    log.metadataFault = new KafkaFault(kind, 'X', 'no')
    await expect(enumeratorOver(log, {}).enumerator.resolve()).rejects.toMatchObject({ code })
    expect(log.metadataCalls).toBe(1)
  })

  test('when Kafka is starting, then it is waited for', async () => {
    const log = twoPartitions()
    log.metadataFault = GONE
    const { enumerator, clock } = enumeratorOver(log, {})
    const resolved = enumerator.resolve()
    await clock.advance(10_000)
    log.metadataFault = undefined
    await clock.advance(5_000)
    expect(await resolved).toHaveLength(2)
  })

  test('when Kafka stays away, then the attempt fails with a fault that a restart may cure', async () => {
    const log = twoPartitions()
    log.metadataFault = GONE
    const { enumerator, clock } = enumeratorOver(log, {})
    const resolved = expect(enumerator.resolve()).rejects.toMatchObject({ code: 'RT1406' })
    await clock.advance(60_000)
    await resolved
  })
})
