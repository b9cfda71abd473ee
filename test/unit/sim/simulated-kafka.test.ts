import { describe, expect, test } from 'vitest'
import { kafkaSourceOver } from '#src/connector/kafka/kafka-connector.js'
import type { KafkaMeta } from '#src/connector/kafka/kafka-meta.js'
import type { FetchRequest } from '#src/connector/kafka/kafka-transport.js'
import { RecordSet } from '#src/connector/kafka/record-set.js'
import type { SourceReader, SourceSpec } from '#src/connector/source.js'
import { assert } from '#src/kit/assert.js'
import type { CheckpointId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { SplitPosition } from '#src/state/snapshot.js'
import { SimulatedKafka } from '../../sim/simulated-kafka.js'
import type { KafkaRecord, Leftover } from '../../sim/simulated-partition.js'
import { Trace } from '../../sim/trace.js'
import type { Caller } from '../../sim/wire.js'
import { fetched, valuesIn } from '../connector/kafka/fixture.js'

const TOPIC = 'clicks'
const STEP_MS = 10

/** The real source, the simulated brokers, and a subtask's part played by the test. */
class World {
  readonly clock = new VirtualClock()
  readonly random: Random
  readonly lines: string[] = []
  readonly trace = new Trace(this.clock, (line) => this.lines.push(line))
  readonly kafka: SimulatedKafka
  readonly caller: Caller = { name: 'tm-1', clock: this.clock, isAlive: () => true }
  readonly connector = kafkaSourceOver(() => this.kafka.transport(this.caller))
  readonly spec: SourceSpec
  emitted: KafkaRecord[] = []
  readonly failures: unknown[] = []
  #reader: SourceReader | undefined
  #polled: 'more' | 'idle' | 'end' = 'idle'

  constructor(options: Record<string, unknown> = {}, seed = 1) {
    this.random = seededRandom(seed)
    this.kafka = new SimulatedKafka({ clock: this.clock, random: this.random, trace: this.trace })
    this.spec = {
      connector: 'kafka',
      options: { brokers: 'kafka:9092', topic: TOPIC, format: 'string', ...options },
      functions: { record: recordOf },
    }
  }

  get reader(): SourceReader {
    assert(this.#reader !== undefined, 'nobody reads yet', {})
    return this.#reader
  }

  get values(): (string | null)[] {
    return this.emitted.map(({ value }) => value)
  }

  get offsets(): number[] {
    return this.reader.positions().map(({ position }) => Object(position).offset)
  }

  enumerator() {
    return this.connector.enumerator(this.spec.options, {
      clock: this.clock,
      logger: silentLogger,
      parallelism: 1,
    })
  }

  resolve(): Promise<readonly SplitPosition[]> {
    return this.settled(this.enumerator().resolve())
  }

  read(splits: readonly SplitPosition[]): void {
    this.#reader = this.connector.reader(this.spec, {
      clock: this.clock,
      logger: silentLogger,
      subtask: 0,
      parallelism: 1,
      emit: (record) => this.emitted.push(record as KafkaRecord),
      ready: () => {
        this.#polled = 'more'
      },
      fail: (error) => this.failures.push(error),
      skipped: () => {},
    })
    this.assign(splits)
  }

  assign(splits: readonly SplitPosition[]): void {
    this.reader.addSplits(structuredClone(splits))
    this.#polled = 'more'
  }

  /** Polls again and again, until `isDone`. */
  async pollUntil(isDone: () => boolean, withinMs = 60_000): Promise<void> {
    const end = this.clock.now() + withinMs
    for (this.poll(); !isDone(); this.poll()) {
      const { clock, failures, emitted } = this
      assert(clock.now() < end && failures.length === 0, 'it does not come', {
        failures,
        emitted: emitted.length,
      })
      await clock.advance(STEP_MS)
    }
  }

  /** As a subtask polls: as long as there is more, and then not before the reader says that it is ready. */
  poll(): 'idle' | 'end' {
    while (this.#polled === 'more') this.#polled = this.reader.poll()
    return this.#polled
  }

  /** Moves time until `promise` has settled. */
  async settled<T>(promise: Promise<T>, withinMs = 120_000): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    for (let ms = 0; !isSettled && ms < withinMs; ms += STEP_MS) await this.clock.advance(STEP_MS)
    assert(isSettled, 'it does not settle', { withinMs })
    return promise
  }

  /** Fetches over a transport of its own, as the reader would. */
  fetch(request: Partial<FetchRequest> & Pick<FetchRequest, 'partitions'>, broker = 1) {
    return this.kafka.transport(this.caller).fetch(broker, {
      topic: TOPIC,
      isolation: 'read-committed',
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxPartitionBytes: 1 << 20,
      ...request,
    })
  }
}

function recordOf(value: unknown, { partition, offset, timestamp, key }: KafkaMeta): KafkaRecord {
  return {
    partition,
    offset: Number(offset),
    key: key === null ? null : Buffer.from(key).toString(),
    value: value as string | null,
    timestamp,
  }
}

function byPlace(records: readonly KafkaRecord[]): KafkaRecord[] {
  return records.toSorted((a, b) => a.partition - b.partition) // stable: the order within a partition stays
}

/** Everything that a topic and its brokers may do, for `lengthMs`; then all is well again. */
function makeTrouble({ kafka, clock, random }: World, lengthMs: number): void {
  let partitions = 3
  let written = 0
  const any = (bound: number) => randomInteger(random, bound)
  const anyPartition = () => any(partitions)
  const batch = () =>
    Array.from({ length: 1 + any(20) }, () => ({ key: `k${any(9)}`, value: `v${written++}` }))
  const every = (ms: number, happens: () => void) => {
    const next = () =>
      clock.after(random.next() * 2 * ms, () => {
        if (clock.now() > lengthMs) return
        happens()
        next()
      })
    next()
  }
  every(40, () => kafka.append(TOPIC, anyPartition(), batch()))
  every(1_500, () => {
    const transaction = kafka.transaction(TOPIC)
    for (let batches = any(3); batches >= 0; batches--) transaction.append(anyPartition(), batch())
    clock.after(any(800), () => transaction.end(any(2) === 0 ? 'commit' : 'abort'))
  })
  every(300, () => kafka.skipOffsets(TOPIC, anyPartition(), 1 + any(5), LEFTOVERS[any(LEFTOVERS.length)]))
  every(2_000, () => kafka.moveLeader(TOPIC, anyPartition(), any(1_500)))
  every(4_000, () => {
    const broker = kafka.brokers[any(kafka.brokers.length)]!
    kafka.conditionsOf(broker).isDown = true
    if (any(2) === 0) clock.after(any(500), () => kafka.failOver(broker, any(1_000)))
    clock.after(any(3_000), () => {
      kafka.conditionsOf(broker).isDown = false
    })
  })
  clock.after(lengthMs / 2, () => {
    partitions = kafka.addPartition(TOPIC) + 1
  })
  const unreliable = { lostRequests: 0.05, lostAnswers: 0.05, late: 0.5 }
  const reliable = { lostRequests: 0, lostAnswers: 0, late: 0 }
  kafka.partitionErrors = 0.03
  for (const broker of kafka.brokers) Object.assign(kafka.conditionsOf(broker), unreliable)
  clock.after(lengthMs, () => {
    kafka.partitionErrors = 0
    for (const broker of kafka.brokers) Object.assign(kafka.conditionsOf(broker), reliable)
  })
}

const LEFTOVERS: readonly Leftover[] = ['nothing', 'markers', 'emptied-batch']

/** Reads through the trouble. A reader that is lost every few seconds goes on from its last checkpoint. */
async function readThroughTrouble(
  world: World,
  lengthMs: number,
  reader: 'stays' | 'is lost',
): Promise<void> {
  const { clock, kafka } = world
  const enumerator = world.enumerator()
  kafka.createTopic(TOPIC, 3)
  const discover = async () => {
    const known = world.reader.positions().map(({ split }) => split)
    world.assign(await world.settled(enumerator.discover(new Set(known))))
  }
  const readFor = async (ms: number) => {
    const end = clock.now() + ms
    await world.pollUntil(() => clock.now() >= end)
  }
  let splits = await world.settled(enumerator.resolve())
  world.read(splits)
  makeTrouble(world, lengthMs)
  while (clock.now() < lengthMs) {
    await discover()
    await readFor(1_000)
    const emitted = world.emitted.length
    splits = structuredClone(world.reader.positions())
    await discover()
    await readFor(2_000)
    if (reader === 'stays') continue
    await world.reader.close()
    world.emitted.length = emitted
    world.read(splits)
  }
  await readFor(5_000)
  await discover()
  await world.pollUntil(() => world.emitted.length >= kafka.records(TOPIC).length)
  await readFor(5_000) // nothing more may come
}

describe('the real source on simulated brokers', () => {
  const seeds = Array.from({ length: 8 }, (_, i) => i + 1)
  test.each(seeds.flatMap((seed) => [['stays', seed] as const, ['is lost', seed] as const]))(
    'when brokers, leaders and answers are lost and the reader %s (seed %i), then each record comes once, in order',
    async (reader, seed) => {
      const world = new World({ fetch: { maxBytes: 4_000, maxPartitionBytes: 1_500 } }, seed)
      await readThroughTrouble(world, 20_000, reader)
      const { kafka, trace } = world
      expect(byPlace(world.emitted)).toEqual(kafka.records(TOPIC))
      expect(world.failures).toEqual([])
      expect(kafka.records(TOPIC).length).toBeGreaterThan(3_000)
      for (const event of ['kafka lost', 'kafka refused', 'kafka led by', 'kafka fetched']) {
        expect(trace.count(event), event).toBeGreaterThan(1)
      }
    },
  )

  test('when the seed is the same, then so is every line, and not with another', async () => {
    const linesOf = async (seed: number) => {
      const world = new World({}, seed)
      await readThroughTrouble(world, 8_000, 'is lost')
      return world.lines
    }
    const lines = await linesOf(7)
    expect(lines.length).toBeGreaterThan(250)
    expect(await linesOf(7)).toEqual(lines)
    expect(await linesOf(8)).not.toEqual(lines)
  })

  test('when a broker is gone for good, then the reader goes on at the one that leads now', async () => {
    const world = new World()
    const { kafka, clock } = world
    kafka.createTopic(TOPIC, 2)
    world.read(await world.resolve())
    await clock.advance(1_000)
    kafka.conditionsOf(1).isDown = true
    kafka.append(TOPIC, 0, ['a'])
    await clock.advance(10_000) // metadata still names the broker that is down
    kafka.failOver(1, 3_000)
    await world.pollUntil(() => world.emitted.length === 1, 15_000)
    expect(world.values).toEqual(['a'])
    expect([0, 1].map((partition) => kafka.leaderOf(TOPIC, partition))).toEqual([2, 2])
  })

  test('when all brokers are down for a while, then the reader goes on where it was', async () => {
    const world = new World()
    const { kafka, clock } = world
    kafka.createTopic(TOPIC, 2)
    kafka.append(TOPIC, 0, ['a'])
    world.read(await world.resolve())
    await world.pollUntil(() => world.emitted.length === 1)
    for (const broker of kafka.brokers) kafka.conditionsOf(broker).isDown = true
    await clock.advance(60_000)
    for (const broker of kafka.brokers) kafka.conditionsOf(broker).isDown = false
    kafka.append(TOPIC, 0, ['b'])
    kafka.append(TOPIC, 1, ['c'])
    await world.pollUntil(() => world.emitted.length === 3, 10_000)
    expect(byPlace(world.emitted)).toEqual(kafka.records(TOPIC))
  })

  test('when it is bounded, then it ends behind what there was, though the last places hold no record', async () => {
    const world = new World({ bounded: true })
    const { kafka } = world
    kafka.createTopic(TOPIC, 3)
    kafka.append(TOPIC, 0, ['a', 'b'])
    kafka.skipOffsets(TOPIC, 0, 2, 'markers')
    kafka.append(TOPIC, 1, ['x'])
    kafka.skipOffsets(TOPIC, 1, 3, 'emptied-batch')
    const splits = await world.resolve()
    kafka.append(TOPIC, 0, ['too late'])
    kafka.append(TOPIC, 2, ['too late'])
    world.read(splits)
    await world.pollUntil(() => world.poll() === 'end')
    expect(world.values.toSorted()).toEqual(['a', 'b', 'x'])
    expect(world.offsets).toEqual([4, 4, 0])
  })

  test('when it stops at a time, then what is older is read', async () => {
    const world = new World({ stop: { timestamp: 2_000 } })
    const { kafka } = world
    kafka.createTopic(TOPIC, 1)
    kafka.append(TOPIC, 0, [
      { value: 'old', timestamp: 1_000 },
      { value: 'new', timestamp: 2_000 },
    ])
    world.read(await world.resolve())
    await world.pollUntil(() => world.poll() === 'end')
    expect(world.values).toEqual(['old'])
  })

  test.each<[Record<string, unknown>, number]>([
    [{ start: 'earliest' }, 1],
    [{ start: 'latest' }, 4],
    [{ start: { timestamp: 2_500 } }, 2],
    [{ start: { timestamp: 9_000 } }, 4],
    [{ start: 'group', group: 'others' }, 3],
    [{ start: 'group', group: 'nobody' }, 1],
  ])('when it is %j, then it begins at %i', async (options, offset) => {
    const world = new World(options)
    const { kafka } = world
    kafka.createTopic(TOPIC, 1)
    const timestamps = [1_000, 2_000, 3_000, 4_000]
    kafka.append(
      TOPIC,
      0,
      timestamps.map((timestamp) => ({ value: `${timestamp}`, timestamp })),
    )
    kafka.deleteRecords(TOPIC, 0, 1)
    await world.settled(kafka.transport(world.caller).commitGroup('others', TOPIC, new Map([[0, 3]]), ''))
    expect(await world.resolve()).toMatchObject([{ position: { offset } }])
  })

  test('when a partition appears, then it is discovered and read from its beginning', async () => {
    const world = new World({ start: 'latest' })
    const { kafka } = world
    kafka.createTopic(TOPIC, 1)
    kafka.append(TOPIC, 0, ['before the start'])
    const splits = await world.resolve()
    world.read(splits)
    const enumerator = world.enumerator()
    const known = new Set(splits.map(({ split }) => split))
    expect(await world.settled(enumerator.discover(known))).toEqual([])

    expect(kafka.addPartition(TOPIC)).toBe(1)
    kafka.append(TOPIC, 1, ['before anyone looked'])
    world.assign(await world.settled(enumerator.discover(known)))
    await world.pollUntil(() => world.emitted.length === 1)
    expect(world.values).toEqual(['before anyone looked'])
  })

  test('when a reader takes positions over, then it goes on exactly there, in the middle of a batch', async () => {
    const world = new World()
    const { kafka } = world
    kafka.createTopic(TOPIC, 2)
    for (const partition of [0, 1]) kafka.append(TOPIC, partition, numbered(2_000, `${partition}:`))
    world.read(await world.resolve())
    await world.clock.advance(1_000)
    world.reader.poll() // a part of what was fetched
    const taken = world.emitted.length
    expect(taken).toBeGreaterThan(0)
    expect(taken).toBeLessThan(4_000)
    const positions = world.reader.positions()
    await world.reader.close()
    world.read(positions)
    await world.pollUntil(() => world.emitted.length >= 4_000)
    expect(byPlace(world.emitted)).toEqual(kafka.records(TOPIC))
  })

  test.each(LEFTOVERS)(
    'when offsets are skipped and leave %s, then positions pass over them',
    async (leftover) => {
      const world = new World()
      const { kafka } = world
      kafka.createTopic(TOPIC, 1)
      kafka.append(TOPIC, 0, ['a'])
      kafka.skipOffsets(TOPIC, 0, 5, leftover)
      kafka.append(TOPIC, 0, ['b'])
      world.read(await world.resolve())
      await world.pollUntil(() => world.emitted.length === 2)
      expect(world.emitted.map(({ offset, value }) => `${offset}:${value}`)).toEqual(['0:a', '6:b'])
      expect(world.offsets).toEqual([7])
    },
  )

  test('when a transaction is open, then what is behind it waits; aborted, it is passed over', async () => {
    const world = new World()
    const { kafka, clock } = world
    kafka.createTopic(TOPIC, 2)
    const aborted = kafka.transaction(TOPIC)
    aborted.append(0, ['no'])
    kafka.append(TOPIC, 0, ['plain'])
    const committed = kafka.transaction(TOPIC)
    committed.append(0, ['yes'])
    committed.append(1, ['yes too'])
    committed.end('commit')
    world.read(await world.resolve())
    await world.pollUntil(() => world.emitted.length === 1)
    await clock.advance(5_000)
    world.poll()
    expect(world.values).toEqual(['yes too'])

    aborted.end('abort')
    await world.pollUntil(() => world.offsets[0] === kafka.endOffset(TOPIC, 0))
    expect(byPlace(world.emitted)).toEqual(kafka.records(TOPIC))
    expect(world.values).toEqual(['yes too', 'plain', 'yes'])
  })

  test('when it reads uncommitted, then nothing is held back or passed over but markers', async () => {
    const world = new World({ isolation: 'read-uncommitted', bounded: true })
    const { kafka } = world
    kafka.createTopic(TOPIC, 1)
    kafka.transaction(TOPIC).append(0, ['open'])
    const aborted = kafka.transaction(TOPIC)
    aborted.append(0, ['aborted'])
    aborted.end('abort')
    world.read(await world.resolve())
    await world.pollUntil(() => world.poll() === 'end')
    expect(world.values).toEqual(['open', 'aborted'])
  })

  test('when a checkpoint is complete, then its offsets are the group’s', async () => {
    const world = new World({ group: 'retake' })
    const { kafka } = world
    kafka.createTopic(TOPIC, 2)
    kafka.append(TOPIC, 0, ['a', 'b'])
    world.read(await world.resolve())
    await world.pollUntil(() => world.emitted.length === 2)
    world.reader.onCheckpointComplete?.(3 as CheckpointId, world.reader.positions())
    await world.clock.advance(100)
    expect([...kafka.committedOffsets('retake', TOPIC)]).toEqual([
      [0, 2],
      [1, 0],
    ])
  })

  test('when retention overtakes the reader, then it fails for good', async () => {
    const world = new World()
    const { kafka, clock } = world
    kafka.createTopic(TOPIC, 1)
    kafka.append(TOPIC, 0, ['a', 'b', 'c'])
    const splits = await world.resolve()
    kafka.deleteRecords(TOPIC, 0, 2)
    world.read(splits)
    await clock.advance(5_000)
    expect(world.failures).toMatchObject([{ code: 'RT1402' }])
    expect(world.emitted).toEqual([])
  })

  test('when all brokers are down at the start, then they are waited for, but not for ever', async () => {
    const world = new World()
    const { kafka, clock } = world
    kafka.createTopic(TOPIC, 1)
    for (const broker of kafka.brokers) kafka.conditionsOf(broker).isDown = true
    const resolved = world.resolve()
    await clock.advance(5_000)
    for (const broker of kafka.brokers) kafka.conditionsOf(broker).isDown = false
    expect(await resolved).toHaveLength(1)

    for (const broker of kafka.brokers) kafka.conditionsOf(broker).isDown = true
    await expect(world.resolve()).rejects.toMatchObject({ code: 'RT1406' })
  })

  test('when there is no such topic, then that is said', async () => {
    await expect(new World().resolve()).rejects.toMatchObject({ code: 'RT1401' })
  })
})

describe('simulated brokers', () => {
  const AT_0 = { partitions: [{ partition: 0, offset: 0 }] }

  test('when nothing is there, then a fetch is answered empty after its wait, and sooner when something comes', async () => {
    const { kafka, clock, ...world } = worldWithTopic(1)
    const empty = elapsed(clock, world.fetch(AT_0))
    await clock.advance(499)
    expect(empty.ms).toBeUndefined()
    await clock.advance(20)
    expect(empty.ms).toBeGreaterThan(250)
    expect((await empty.answer)[0]?.records).toHaveLength(0)

    const woken = elapsed(clock, world.fetch(AT_0))
    await clock.advance(200)
    kafka.append(TOPIC, 0, ['a'])
    await clock.advance(20)
    expect(woken.ms).toBeLessThan(220)
    expect(valuesOf(await woken.answer)).toEqual(['0:a'])
  })

  test('when fewer bytes are there than it asks for, then a fetch goes on waiting', async () => {
    const { kafka, clock, ...world } = worldWithTopic(1)
    const fetch = elapsed(clock, world.fetch({ ...AT_0, minBytes: 150 }))
    await clock.advance(100)
    kafka.append(TOPIC, 0, ['a'])
    await clock.advance(100)
    expect(fetch.ms).toBeUndefined()
    kafka.append(TOPIC, 0, ['b'])
    kafka.append(TOPIC, 0, ['c'])
    await clock.advance(20)
    expect(valuesOf(await fetch.answer)).toEqual(['0:a', '1:b', '2:c'])
  })

  test('when a partition loses its leader while a fetch waits, then the fetch is told at once', async () => {
    const { kafka, clock, ...world } = worldWithTopic(1)
    const fetch = elapsed(clock, world.fetch(AT_0))
    await clock.advance(100)
    kafka.moveLeader(TOPIC, 0, 1_000)
    await clock.advance(20)
    expect((await fetch.answer)[0]?.error).toMatchObject({ code: 'NOT_LEADER_FOR_PARTITION' })
    expect(kafka.leaderOf(TOPIC, 0)).toBeUndefined()
    await clock.advance(1_000)
    expect(kafka.leaderOf(TOPIC, 0)).toBe(2)
  })

  test('when a broker goes down while a fetch waits, then its answer never comes', async () => {
    const { kafka, clock, ...world } = worldWithTopic(1)
    const fetch = elapsed(clock, world.fetch(AT_0))
    await clock.advance(100)
    kafka.conditionsOf(1).isDown = true
    kafka.append(TOPIC, 0, ['a'])
    await clock.advance(5_000)
    await expect(fetch.answer).rejects.toMatchObject({ name: 'KafkaFault', kind: 'unavailable' })
  })

  test('when an answer is full, then it is cut, but its first batch is whole', async () => {
    const { kafka, settled, ...world } = worldWithTopic(3)
    for (const partition of [0, 2])
      for (const i of [0, 1, 2]) kafka.append(TOPIC, partition, [`${i}`.repeat(100)])
    const batch = 61 + 109 // header and record
    const both = { partitions: [0, 2].map((partition) => ({ partition, offset: 0 })) }
    const bytesOf = async (limits: Partial<FetchRequest>) =>
      (await settled(world.fetch({ ...both, ...limits }))).map(({ records }) => records.length)
    expect(await bytesOf({})).toEqual([3 * batch, 3 * batch])
    expect(await bytesOf({ maxBytes: 1 })).toEqual([batch, 0])
    expect(await bytesOf({ maxPartitionBytes: 1 })).toEqual([batch, 0])
    expect(await bytesOf({ maxPartitionBytes: batch + 30 })).toEqual([batch + 30, batch + 30])
    expect(await bytesOf({ maxBytes: 4 * batch + 30 })).toEqual([3 * batch, batch + 30])
  })

  test('when an error is named once, then the reader asks again and reads', async () => {
    const world = new World()
    const { kafka } = world
    kafka.createTopic(TOPIC, 1)
    kafka.append(TOPIC, 0, ['a'])
    for (const error of [
      'OFFSET_OUT_OF_RANGE',
      'KAFKA_STORAGE_ERROR',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ] as const) {
      kafka.refuse(TOPIC, 0, error)
    }
    world.read(await world.resolve())
    await world.pollUntil(() => world.emitted.length === 1)
    expect(world.trace.count('kafka refused')).toBe(3)
  })

  test('when whoever fetched writes into the answer, then the log is as it was', async () => {
    const { kafka, settled, ...world } = worldWithTopic(1)
    kafka.append(TOPIC, 0, ['a'])
    const [first] = await settled(world.fetch(AT_0))
    first?.records.fill(0)
    expect(valuesOf(await settled(world.fetch(AT_0)))).toEqual(['0:a'])
  })

  test('when a client is closed, then what is under way fails at once, and what it asks later too', async () => {
    const { kafka, clock, caller } = worldWithTopic(1)
    const transport = kafka.transport(caller)
    const request = { topic: TOPIC, isolation: 'read-committed', maxWaitMs: 60_000, minBytes: 1 } as const
    const limits = { maxBytes: 1, maxPartitionBytes: 1 }
    const fetch = expect(transport.fetch(1, { ...request, ...limits, ...AT_0 })).rejects.toMatchObject({
      code: 'CLOSED',
    })
    await clock.advance(100)
    await transport.close()
    await fetch
    await expect(transport.metadata(TOPIC)).rejects.toMatchObject({ code: 'CLOSED' })
  })

  test('when a process dies while its fetch waits, then nobody hears of it', async () => {
    const { kafka, clock } = worldWithTopic(1)
    let isAlive = true
    const caller: Caller = { name: 'tm-2', clock, isAlive: () => isAlive }
    const limits = { maxWaitMs: 500, minBytes: 1, maxBytes: 1, maxPartitionBytes: 1 }
    const request: FetchRequest = { topic: TOPIC, isolation: 'read-committed', ...limits, ...AT_0 }
    const fetch = elapsed(clock, kafka.transport(caller).fetch(1, request))
    await clock.advance(100)
    isAlive = false
    kafka.append(TOPIC, 0, ['a'])
    await clock.advance(60_000)
    expect(fetch.ms).toBeUndefined()
  })

  /** What `fixtures/record.ts` did to a real broker. */
  test.each(['transactions', 'transactions-from-the-middle', 'transactions-uncommitted'])(
    'when the log is that of %s, then the answer is a real broker’s',
    async (name) => {
      const { kafka, settled, ...world } = worldWithTopic(1)
      const transact = (values: readonly string[], end: 'commit' | 'abort') => {
        const transaction = kafka.transaction(TOPIC)
        for (const value of values) transaction.append(0, [value])
        transaction.end(end)
      }
      kafka.append(TOPIC, 0, ['plain 0'])
      transact(['committed 1', 'committed 2'], 'commit')
      transact(['aborted 4', 'aborted 5'], 'abort')
      kafka.append(TOPIC, 0, ['plain 7'])
      transact(['aborted 8'], 'abort')
      transact(['committed 10'], 'commit')

      const { fetchOffset: offset, isolation, ...real } = fetched(name)
      const [answer] = await settled(world.fetch({ partitions: [{ partition: 0, offset }], isolation }))
      assert(answer !== undefined, 'there is no answer', { name })
      expect(answer).toMatchObject({
        highWatermark: real.highWatermark,
        lastStableOffset: real.lastStableOffset,
        aborted: real.aborted.map(({ firstOffset }) => ({ firstOffset })),
      })
      expect(answer.records).toHaveLength(real.records.length)
      const valuesWith = ({ records, aborted }: Pick<typeof answer, 'records' | 'aborted'>) =>
        valuesIn(new RecordSet(records, offset, isolation, aborted))
      expect(valuesWith(answer)).toEqual(valuesWith(real))
    },
  )
})

function worldWithTopic(partitions: number) {
  const world = new World()
  const { kafka, clock, caller } = world
  kafka.createTopic(TOPIC, partitions)
  return {
    kafka,
    clock,
    caller,
    fetch: world.fetch.bind(world),
    settled: <T>(promise: Promise<T>) => world.settled(promise),
  }
}

function elapsed<T>(clock: VirtualClock, answer: Promise<T>): { ms: number | undefined; answer: Promise<T> } {
  const begin = clock.now()
  const taken: { ms: number | undefined; answer: Promise<T> } = { ms: undefined, answer }
  const settle = () => {
    taken.ms = clock.now() - begin
  }
  answer.then(settle, settle)
  return taken
}

function valuesOf([partition]: readonly { readonly records: Buffer }[]): string[] {
  return valuesIn(new RecordSet(partition?.records ?? Buffer.alloc(0), 0, 'read-uncommitted'))
}

function numbered(count: number, name: string): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`)
}
