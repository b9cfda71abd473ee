import { describe, expect, test } from 'vitest'
import { MANIFEST_FORMAT, type Manifest } from '#src/checkpoint/manifest.js'
import { encodeManifest } from '#src/checkpoint/manifest-codec.js'
import type { LogEntry, LogEvent } from '#src/cluster/log-entry.js'
import type { StateStore } from '#src/cluster/state-store.js'
import type { Attempt, CheckpointId, OperatorId, RunId, SubtaskIndex, VertexIndex } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import type { BlobName, Part } from '#src/state/snapshot.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { BYTES, nameOf } from '../../contract/blob-store.js'
import { FaultyState } from '../../sim/faulty-state.js'
import { Trace } from '../../sim/trace.js'
import { Wire } from '../../sim/wire.js'
import { entriesOf, on, run, STARTED } from '../cluster/fixtures.js'

interface Process {
  readonly store: StateStore
  die(): void
}

/** A store that is good until a test says otherwise, and what a test does with it. */
class World {
  readonly clock = new VirtualClock()
  readonly lines: string[] = []
  readonly trace = new Trace(this.clock, (line) => this.lines.push(line))
  readonly state: FaultyState

  constructor(seed = 1) {
    const { clock, trace } = this
    const random = seededRandom(seed)
    const wires = {
      log: new Wire(clock, random),
      blobs: new Wire(clock, random),
      documents: new Wire(clock, random),
      lease: new Wire(clock, random),
    }
    this.state = new FaultyState({ memory: new MemoryState(), wires, clock, random, trace })
  }

  process(name = 'node-1'): Process {
    let isAlive = true
    const store = this.state.open({ name, clock: this.clock, isAlive: () => isAlive })
    const die = () => {
      isAlive = false
    }
    return { store, die }
  }

  /** What `work` comes to within `ms`: its value, the code of its error, or 'nothing'. */
  async outcome(work: Promise<unknown>, ms = 5_000): Promise<unknown> {
    let outcome: unknown = 'nothing'
    work.then(
      (value) => {
        outcome = value
      },
      (error: { code?: string; message: string }) => {
        outcome = error.code ?? error.message
      },
    )
    await this.clock.advance(ms)
    return outcome
  }

  /** Appends `entries`, one after the other; each must be written. */
  async write(store: StateStore, ...entries: readonly LogEntry[]): Promise<void> {
    for (const entry of entries) expect(await this.outcome(store.log(run).append(entry), 20)).toBe('written')
  }

  /** Places that are read. */
  async places(store: StateStore): Promise<unknown> {
    const read = store.log(run).read()
    return this.outcome(
      read.then((entries) => entries.map(({ place }) => place)),
      20,
    )
  }

  async put(store: StateStore, name: BlobName, bytes: Uint8Array): Promise<Part> {
    return (await this.outcome(store.blobs.put(name, bytes), 100)) as Part
  }

  /** What stands under `name` now. */
  standing(name: BlobName): 'nothing' | 'torn' | 'whole' {
    const { blobs } = this.state.memory
    if (!blobs.has(name)) return 'nothing'
    const { hash } = new MemoryState().blobs.put(name, BYTES)
    try {
      blobs.get({ blob: name, offset: 0, bytes: BYTES.length, hash })
      return 'whole'
    } catch {
      return 'torn'
    }
  }
}

const NAME = nameOf('a')
const DOCUMENT = 'runs/run1/run.json'

/** Of `count` seeds, how often each outcome came. */
async function tally(count: number, trial: (world: World) => Promise<string>): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (let seed = 1; seed <= count; seed++) {
    const outcome = await trial(new World(seed))
    found.set(outcome, (found.get(outcome) ?? 0) + 1)
  }
  return found
}

describe('the log', () => {
  test('when the answer to an append is lost, then its writer does not know, and writing it again settles it', async () => {
    const world = new World()
    const { store } = world.process()
    const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
    await world.write(store, first)
    world.state.wires.log.conditions.lostAnswers = 1
    expect(await world.outcome(store.log(run).append(second))).toBe('RT1501')
    expect(world.state.truth(run)).toHaveLength(2)
    world.state.wires.log.conditions.lostAnswers = 0
    await world.write(store, second)
    expect(world.state.truth(run)).toHaveLength(2)
    expect(world.lines.map((line) => line.slice(12).replace(/ +/g, ' '))).toEqual([
      'node-1 log written run1 1 submitted click-count',
      'node-1 log written run1 2 leads epoch 1 node1',
      'node-1 log answer lost run1 2 leads',
      'node-1 log again run1 2 leads epoch 1 node1',
    ])
  })

  test('when an append is lost and lands late, then it stands, unless its place was taken meanwhile', async () => {
    const appended = async (isTaken: boolean) => {
      const world = new World()
      const [one, other] = [world.process('one').store, world.process('other').store]
      const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
      await world.write(one, first)
      Object.assign(world.state.wires.log.conditions, { lostRequests: 1, late: 1, lateMs: [60_000, 60_000] })
      expect(await world.outcome(one.log(run).append(second))).toBe('RT1501')
      world.state.wires.log.conditions.lostRequests = 0
      if (isTaken) await world.write(other, { ...second, nonce: 'faster' })
      await world.clock.advance(60_000)
      expect(world.trace.count('log late')).toBe(1)
      return world.state.truth(run).map(({ nonce }) => nonce)
    }
    expect(await appended(false)).toEqual(['nonce-1', 'nonce-2'])
    expect(await appended(true)).toEqual(['nonce-1', 'faster'])
  })

  test('when two write to one place, then one is told that it is taken, and only the other is reported', async () => {
    const world = new World()
    const [one, other] = [world.process('one').store, world.process('other').store]
    const seen: string[] = []
    world.state.watch((of, { place, nonce }, by) => seen.push(`${of} ${place} ${nonce} by ${by}`))
    const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
    await world.write(one, first)
    const answers = await world.outcome(
      Promise.all([one.log(run).append(second), other.log(run).append({ ...second, nonce: 'rival' })]),
    )
    expect((answers as string[]).toSorted()).toEqual(['taken', 'written'])
    const winner = (answers as string[])[0] === 'written' ? 'nonce-2 by one' : 'rival by other'
    expect(seen).toEqual(['run1 1 nonce-1 by one', `run1 2 ${winner}`])
    expect([world.trace.count('log written'), world.trace.count('log taken')]).toEqual([2, 1])
  })

  test('when reads are stale, then they give the log as it was up to the lag ago, and never more than it is', async () => {
    const found = await tally(40, async (world) => {
      const [writer, reader] = [world.process('writer').store, world.process('reader').store]
      world.state.faults.log.lagMs = [0, 1_000]
      for (const entry of entriesOf(...STARTED)) {
        await world.write(writer, entry)
        await world.clock.advance(280) // 300 ms apart, with the time that the write takes
      }
      world.state.faults.log.staleReads = 1
      return JSON.stringify(await world.places(reader))
    })
    expect([...found.keys()].toSorted()).toEqual(['[1,2,3,4,5]', '[1,2,3,4]', '[1,2,3]', '[1,2]'])
  })

  test('when a stale read comes to a client that was told of more, then it shows that, unless that too may be forgotten', async () => {
    const world = new World()
    const [writer, reader] = [world.process('writer').store, world.process('reader').store]
    Object.assign(world.state.faults.log, { staleReads: 1, lagMs: [60_000, 60_000] })
    const entries = entriesOf(...STARTED)
    await world.write(writer, ...entries.slice(0, 3))
    expect(await world.places(reader), 'it was told of nothing').toEqual([])
    expect(await world.places(writer)).toEqual([1, 2, 3])
    expect(await world.outcome(reader.runs())).toEqual([])
    expect(await world.outcome(writer.runs())).toEqual(['run1'])

    const [, second] = entries
    if (second === undefined) throw new Error('too short')
    expect(await world.outcome(reader.log(run).append({ ...second, nonce: 'late' }))).toBe('taken')
    expect(await world.places(reader), 'something stands where its own entry does not').toEqual([1, 2])

    world.state.faults.log.showsOwn = false
    expect(await world.places(writer)).toEqual([])
    expect(await world.outcome(writer.runs())).toEqual([])

    Object.assign(world.state.faults.log, { staleReads: 0, showsOwn: true })
    expect(await world.places(reader)).toEqual([1, 2, 3])
    await world.write(writer, ...entries.slice(3))
    world.state.faults.log.staleReads = 1
    expect(await world.places(reader), 'what it has read').toEqual([1, 2, 3])
    expect(world.trace.count('log stale')).toBe(6)
  })

  test('when a client was shown a run, then a stale answer does not hide it again', async () => {
    const world = new World()
    const [writer, reader] = [world.process('writer').store, world.process('reader').store]
    await world.write(writer, ...entriesOf(...STARTED))
    expect(await world.outcome(reader.runs(), 20)).toEqual(['run1'])
    Object.assign(world.state.faults.log, { staleReads: 1, lagMs: [60_000, 60_000] })
    expect(await world.outcome(reader.runs(), 20)).toEqual(['run1'])
  })

  test('when a read is stale, then it shows as many entries as were kept then', async () => {
    const world = new World()
    const { store } = world.process()
    const many = [...STARTED, ...Array.from({ length: 15 }, (_, id) => on.completed(1, 1, id + 1))]
    await world.write(store, ...entriesOf(...many))
    const all = many.map((_, index) => index + 1)
    expect(await world.places(store)).toEqual(all.slice(-LIMITS.logEntriesKept))
    // Each took 20 ms: 95 ms before the read the 16th stood there, or just did not.
    Object.assign(world.state.faults.log, { staleReads: 1, lagMs: [95, 95], showsOwn: false })
    const places = (await world.places(store)) as number[]
    expect(places).toHaveLength(LIMITS.logEntriesKept)
    expect([15, 16, 17]).toContain(places.at(-1))
    expect(world.state.truth(run).map(({ place }) => place)).toEqual(all)
  })

  test.each([
    ['RT1302', { refusedWrites: 1 }],
    ['RT1301', { isFull: true }],
  ])('when an append is refused (%s), then it may have been written, or not', async (code, faults) => {
    const found = await tally(20, async (world) => {
      const { store } = world.process()
      Object.assign(world.state.faults.log, faults)
      const [first] = entriesOf(on.submitted()) as [LogEntry]
      expect(await world.outcome(store.log(run).append(first))).toBe(code)
      return `${world.state.truth(run).length} written`
    })
    expect([...found.keys()].toSorted()).toEqual(['0 written', '1 written'])
  })

  test('when it cannot be reached, then nothing arrives, and afterwards all is as it was', async () => {
    const world = new World()
    const { store } = world.process()
    const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
    await world.write(store, first)
    world.state.wires.log.conditions.isDown = true
    const tried = [store.log(run).append(second), store.log(run).read(), store.runs()]
    expect(await world.outcome(Promise.allSettled(tried))).toEqual(
      tried.map(() => ({ status: 'rejected', reason: expect.objectContaining({ code: 'RT1501' }) })),
    )
    world.state.wires.log.conditions.isDown = false
    expect(await world.places(store)).toEqual([1])
  })

  test('when its caller is dead, then nothing of it arrives but what was under way', async () => {
    const world = new World()
    const { store, die } = world.process()
    const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
    const underWay = store.log(run).append(first)
    die()
    const late = store.log(run).append(second)
    await world.outcome(underWay)
    expect(await world.outcome(late)).toBe('nothing')
    expect(world.state.truth(run).map(({ place }) => place)).toEqual([1])
  })

  test('when what is read is changed by its reader, then neither the truth nor another reader sees that', async () => {
    const world = new World()
    const { store } = world.process()
    await world.write(store, ...entriesOf(on.submitted()))
    const [entry] = (await world.outcome(store.log(run).read())) as LogEntry[]
    Object.assign(entry ?? {}, { nonce: 'changed' })
    const [again] = (await world.outcome(store.log(run).read())) as LogEntry[]
    expect([again?.nonce, world.state.truth(run)[0]?.nonce]).toEqual(['nonce-1', 'nonce-1'])
  })
})

describe('what watches over the log', () => {
  test('when an entry is written that breaks a rule, then the clock says so at that moment, though its writer is told "written"', async () => {
    const world = new World()
    const { store } = world.process()
    const entries = entriesOf(...STARTED, on.completed(1, 1, 5))
    await world.write(store, ...entries)
    const [last] = entries.slice(-1) as [LogEntry]
    const wrong: LogEntry = { ...last, place: 7, nonce: 'wrong', previous: 'nonce-6' }
    const answer = store.log(run).append(wrong)
    await expect(world.clock.advance(5_000)).rejects.toThrow(
      'the log of run1 is wrong at 7 ({"type":"completed","epoch":1,"attempt":1,"checkpoint":5',
    )
    expect(await world.outcome(answer)).toBe('written')
  })

  test('when a watcher throws, then the clock throws it', async () => {
    const world = new World()
    const { store } = world.process()
    world.state.watch((_, { place }) => {
      if (place === 1) throw new Error('a row was committed twice')
    })
    void store.log(run).append(entriesOf(on.submitted())[0] as LogEntry)
    await expect(world.clock.advance(5_000)).rejects.toThrow('a row was committed twice')
  })

  test('when an entry would leave a hole, then the clock says so: no writer may come to that', async () => {
    const world = new World()
    const { store } = world.process()
    store
      .log(run)
      .append(entriesOf(...STARTED)[3] as LogEntry)
      .catch(() => undefined)
    await expect(world.clock.advance(5_000)).rejects.toThrow('a place that follows none')
  })
})

describe('blobs', () => {
  test('when puts are slow, then only puts are', async () => {
    const world = new World()
    const { store } = world.process()
    const part = await world.put(store, NAME, BYTES)
    world.state.faults.blobs.putMs = [5_000, 5_000]
    const put = store.blobs.put(nameOf('b'), BYTES)
    expect(await world.outcome(put, 4_990)).toBe('nothing')
    expect(world.standing(nameOf('b'))).toBe('nothing')
    expect(await world.outcome(put, 20)).toMatchObject({ blob: nameOf('b'), bytes: BYTES.length })
    expect(await world.outcome(store.blobs.get(part), 20)).toEqual(new Uint8Array(BYTES))
  })

  test.each([
    ['RT1302', { refusedWrites: 1 }],
    ['RT1301', { isFull: true }],
  ])('when a put is refused (%s), then nothing, a torn blob, or all of it stays', async (code, faults) => {
    const found = await tally(30, async (world) => {
      const { store } = world.process()
      Object.assign(world.state.faults.blobs, faults)
      expect(await world.outcome(store.blobs.put(NAME, BYTES))).toBe(code)
      const standing = world.standing(NAME)
      expect(world.trace.count('blob torn'), standing).toBe(standing === 'torn' ? 1 : 0)
      return standing
    })
    expect([...found.keys()].toSorted()).toEqual(['nothing', 'torn', 'whole'])
  })

  test('when the store was full for a while, then what was there stays, deletes go on, and puts do again afterwards', async () => {
    const world = new World()
    const { store } = world.process()
    const part = await world.put(store, NAME, BYTES)
    await world.put(store, nameOf('b'), BYTES)
    world.state.faults.blobs.isFull = true
    expect(await world.outcome(store.blobs.put(nameOf('c'), BYTES))).toBe('RT1301')
    expect(await world.outcome(store.blobs.get(part))).toEqual(new Uint8Array(BYTES))
    expect(await world.outcome(store.blobs.delete([nameOf('b')]))).toBeUndefined()
    expect(world.standing(nameOf('b'))).toBe('nothing')
    world.state.faults.blobs.isFull = false
    expect(await world.outcome(store.blobs.put(nameOf('c'), BYTES))).toMatchObject({ blob: nameOf('c') })
  })

  test('when a process dies in the middle of a put, then a torn blob stays under its name', async () => {
    const world = new World()
    const { store, die } = world.process()
    Object.assign(world.state.faults.blobs, { halves: 1, putMs: [100, 100] })
    const put = store.blobs.put(NAME, BYTES)
    await world.outcome(put, 50)
    expect(world.standing(NAME)).toBe('torn')
    die()
    expect(await world.outcome(put)).toBe('nothing')
    expect(world.standing(NAME)).toBe('torn')

    const other = world.process('node-2').store
    expect(await world.outcome(other.blobs.list('run1'))).toEqual([NAME])
    const whole = new MemoryState().blobs.put(NAME, BYTES)
    expect(await world.outcome(other.blobs.get(whole))).toBe('RT1203')
    expect(await world.outcome(other.blobs.put(NAME, BYTES), 10_000)).toEqual(whole)
    expect(world.standing(NAME), 'whoever puts it again makes it whole').toBe('whole')
  })

  test('when the first half of a put is lost, then it fails, and nothing stands there; when the second one is, then a torn blob', async () => {
    for (const [lost, standing] of [
      ['first', 'nothing'],
      ['second', 'torn'],
    ]) {
      const world = new World()
      const { store } = world.process()
      Object.assign(world.state.faults.blobs, { halves: 1, putMs: [100, 100] })
      const { conditions } = world.state.wires.blobs
      conditions.lostRequests = lost === 'first' ? 1 : 0
      const put = store.blobs.put(NAME, BYTES)
      await world.outcome(put, 50)
      conditions.lostRequests = 1
      expect(await world.outcome(put)).toBe('RT1501')
      expect(world.standing(NAME), lost).toBe(standing)
    }
  })

  test('when a put is refused whose blob stands already, then that one stays whole', async () => {
    const found = await tally(20, async (world) => {
      const { store } = world.process()
      await world.put(store, NAME, BYTES)
      Object.assign(world.state.faults.blobs, { refusedWrites: 1, halves: 0.5 })
      expect(await world.outcome(store.blobs.put(NAME, BYTES))).toBe('RT1302')
      return world.standing(NAME)
    })
    expect([...found]).toEqual([['whole', 20]])
  })

  test('when the answer to a put is lost, then it fails, and all of it stands; when it lands late, then so too, later', async () => {
    const world = new World()
    const { store } = world.process()
    const { conditions } = world.state.wires.blobs
    conditions.lostAnswers = 1
    expect(await world.outcome(store.blobs.put(NAME, BYTES))).toBe('RT1501')
    expect(world.standing(NAME)).toBe('whole')
    Object.assign(conditions, { lostAnswers: 0, lostRequests: 1, late: 1, lateMs: [60_000, 60_000] })
    const bytes = Uint8Array.from(BYTES)
    expect(await world.outcome(store.blobs.put(nameOf('b'), bytes))).toBe('RT1501')
    expect(world.standing(nameOf('b'))).toBe('nothing')
    bytes.fill(0)
    await world.clock.advance(60_000)
    expect(world.standing(nameOf('b')), 'with the bytes that were put').toBe('whole')
  })

  test('when a get fails, then another one may succeed', async () => {
    const world = new World()
    const { store } = world.process()
    const part = await world.put(store, NAME, BYTES)
    world.state.faults.blobs.refusedReads = 1
    expect(await world.outcome(store.blobs.get(part))).toBe('RT1501')
    expect(await world.outcome(store.blobs.list('run1'))).toBe('RT1501')
    world.state.faults.blobs.refusedReads = 0
    expect(await world.outcome(store.blobs.get(part))).toEqual(new Uint8Array(BYTES))
    expect(world.trace.count('blob refused')).toBe(2)
  })

  test('when the answer to a delete is lost, then it is done all the same; when it lands late, then later', async () => {
    const world = new World()
    const { store } = world.process()
    for (const name of ['a', 'b', 'c']) await world.put(store, nameOf(name), BYTES)
    const { conditions } = world.state.wires.blobs
    conditions.lostAnswers = 1
    expect(await world.outcome(store.blobs.delete([nameOf('a'), nameOf('b')]))).toBe('RT1501')
    expect(['a', 'b', 'c'].map((name) => world.standing(nameOf(name)))).toEqual(['nothing', 'whole', 'whole'])
    Object.assign(conditions, { lostAnswers: 0, lostRequests: 1, late: 1, lateMs: [60_000, 60_000] })
    expect(await world.outcome(store.blobs.delete([nameOf('b')]))).toBe('RT1501')
    expect(world.standing(nameOf('b'))).toBe('whole')
    await world.clock.advance(60_000)
    expect(world.standing(nameOf('b'))).toBe('nothing')
  })

  test('when a delete is refused, then it may have been done, or not', async () => {
    const found = await tally(20, async (world) => {
      const { store } = world.process()
      await world.put(store, NAME, BYTES)
      world.state.faults.blobs.refusedWrites = 1
      expect(await world.outcome(store.blobs.delete([NAME]))).toBe('RT1302')
      return world.standing(NAME)
    })
    expect([...found.keys()].toSorted()).toEqual(['nothing', 'whole'])
  })
})

describe('documents', () => {
  test('when an answer is lost, then the document stands; when it is refused, then it may, or may not', async () => {
    const world = new World()
    const { store } = world.process()
    world.state.wires.documents.conditions.lostAnswers = 1
    expect(await world.outcome(store.documents.put(DOCUMENT, BYTES))).toBe('RT1501')
    world.state.wires.documents.conditions.lostAnswers = 0
    expect(await world.outcome(store.documents.get(DOCUMENT))).toEqual(new Uint8Array(BYTES))

    const found = await tally(20, async (each) => {
      const { documents } = each.process().store
      each.state.faults.documents.refusedWrites = 1
      expect(await each.outcome(documents.put(DOCUMENT, BYTES))).toBe('RT1302')
      return each.state.memory.documents.get(DOCUMENT) === undefined ? 'nothing' : 'whole'
    })
    expect([...found.keys()].toSorted()).toEqual(['nothing', 'whole'])
  })

  test('when reads are refused or the store is full, then that is said, and passes', async () => {
    const world = new World()
    const { documents } = world.process().store
    await world.outcome(documents.put(DOCUMENT, BYTES))
    Object.assign(world.state.faults.documents, { refusedReads: 1, isFull: true })
    expect(await world.outcome(documents.get(DOCUMENT))).toBe('RT1501')
    expect(await world.outcome(documents.list('runs'))).toBe('RT1501')
    expect(await world.outcome(documents.put('runs/run1/other.json', BYTES))).toBe('RT1301')
    world.state.faults.documents.refusedReads = 0
    expect(await world.outcome(documents.get(DOCUMENT))).toEqual(new Uint8Array(BYTES))
    expect(await world.outcome(documents.delete(DOCUMENT)), 'takes no room').toBeUndefined()
    world.state.faults.documents.isFull = false
    expect(await world.outcome(documents.put('runs/run1/other.json', BYTES))).toBeUndefined()
    expect(await world.outcome(documents.get(DOCUMENT))).toBeUndefined()
  })

  test('when they cannot be reached, then the log and the blobs still can', async () => {
    const world = new World()
    const { store } = world.process()
    world.state.wires.documents.conditions.isDown = true
    expect(await world.outcome(store.documents.list('runs'))).toBe('RT1501')
    expect(await world.outcome(store.blobs.list('run1'))).toEqual([])
    expect(await world.places(store)).toEqual([])
  })
})

test('when a client was closed, then it is refused everything, and others are not', async () => {
  const world = new World()
  const [one, other] = [world.process('one').store, world.process('other').store]
  await world.outcome(one.close())
  for (const work of [one.runs(), one.log(run).read(), one.blobs.list('run1'), one.documents.list('runs')])
    expect(await world.outcome(work)).toBe('RT1506')
  expect(await world.outcome(other.runs())).toEqual([])
})

describe('what retained checkpoints name', () => {
  const CHECKPOINT = 1 as CheckpointId

  /** A run whose first attempt has one checkpoint, with keyed state and a staged piece: all of it in the store. */
  async function retained(world: World, change: (manifest: Manifest) => Manifest = (same) => same) {
    const { store } = world.process()
    const keyed = await world.put(store, nameOf('keyed'), BYTES)
    const pieces = await world.put(store, nameOf('pieces'), BYTES)
    const half: Part = new MemoryState().blobs.put(nameOf('half'), BYTES.subarray(9))
    const piece = { ...half, blob: pieces.blob, offset: 9 }
    const manifest = (
      checkpoint: number,
      attempt: number,
      operators: Manifest['subtasks'][number]['operators'],
    ) =>
      change({
        format: MANIFEST_FORMAT,
        run,
        job: 'click-count',
        checkpoint: checkpoint as CheckpointId,
        attempt: attempt as Attempt,
        fingerprint: 'f',
        vertices: [],
        sources: [],
        subtasks: [{ vertex: 0 as VertexIndex, subtask: 0 as SubtaskIndex, operators, ended: false }],
        triggeredAt: 0,
        completedAt: 0,
        bytes: 0,
      })
    const operator = 'sink' as OperatorId
    const subtask = 0 as SubtaskIndex
    const first = await world.put(store, nameOf('manifest0'), encodeManifest(manifest(0, 0, [])))
    const second = await world.put(
      store,
      nameOf('manifest1'),
      encodeManifest(
        manifest(1, 1, [
          { operator, subtask, keyed: [{ firstGroup: 0, lastGroup: 9, part: keyed }] },
          { operator, subtask, pieces: [{ owner: 0, run, checkpoint: CHECKPOINT, number: 0, part: piece }] },
        ]),
      ),
    )
    const completed = (attempt: number, checkpoint: number, part: Part): LogEvent => ({
      ...on.completed(1, attempt, checkpoint),
      ...{ manifest: part },
    })
    const events = [
      on.submitted(),
      on.leads(1),
      completed(0, 0, first),
      on.started(1, 1, 0),
      on.reserved(1, 64),
      completed(1, 1, second),
    ]
    await world.write(store, ...entriesOf(...events))
    return { store, events }
  }

  test('when all is there, then nothing is missing', async () => {
    const world = new World()
    await retained(world)
    expect(world.state.missingParts()).toEqual([])
  })

  test.each([
    ['manifest0', 0],
    ['manifest1', 1],
    ['keyed', 1],
    ['pieces', 1],
  ])('when one of them was deleted (%s), then that one is missing', async (name, checkpoint) => {
    const world = new World()
    const { store } = await retained(world)
    await world.outcome(store.blobs.delete([nameOf(name)]))
    expect(world.state.missingParts()).toEqual([
      { run, checkpoint, blob: nameOf(name), why: 'it is not there' },
    ])
  })

  test.each(['keyed', 'pieces'])(
    'when one of them is torn or changed (%s), then that is found',
    async (name) => {
      const world = new World()
      await retained(world)
      const missing = { run, checkpoint: CHECKPOINT, blob: nameOf(name) }
      world.state.memory.blobs.put(nameOf(name), BYTES.subarray(0, 10))
      expect(world.state.missingParts()).toEqual([
        { ...missing, why: expect.stringMatching('it ends after 10') },
      ])
      world.state.memory.blobs.put(nameOf(name), BYTES.toReversed())
      expect(world.state.missingParts()).toEqual([
        { ...missing, why: expect.stringMatching('its sha256 is') },
      ])
    },
  )

  test('when a manifest is none, then that is found', async () => {
    const world = new World()
    await retained(world, (manifest) => ({ ...manifest, job: 7 as never }))
    expect(world.state.missingParts().map(({ why }) => why)).toEqual([
      'manifest.job is not what it must be',
      'manifest.job is not what it must be',
    ])
  })

  test.each([
    [{ run: 'run2' as RunId }, ['run2/0/0', 'run2/1/1']],
    [{ attempt: 1 as Attempt }, ['run1/1/0']],
    [{ checkpoint: 1 as CheckpointId }, ['run1/0/1']],
  ])('when a manifest is that of another checkpoint (%o), then that is found', async (wrong, named) => {
    const world = new World()
    await retained(world, (manifest) => ({ ...manifest, ...wrong }))
    expect(world.state.missingParts().map(({ why }) => why)).toEqual(
      named.map((each) => `it is the manifest of ${each}`),
    )
  })

  test('when a checkpoint was released, then what it named may go', async () => {
    const world = new World()
    const { store, events } = await retained(world)
    await world.write(store, entriesOf(...events, on.released(1, 0)).at(-1) as LogEntry)
    await world.outcome(store.blobs.delete([nameOf('manifest0')]))
    expect(world.state.missingParts()).toEqual([])
  })
})

test('when everything is bad at once, then the same seed gives the same story, and another seed another', async () => {
  const story = async (seed: number) => {
    const world = new World(seed)
    const bad = { lostRequests: 0.2, lostAnswers: 0.2, late: 0.5 }
    for (const { conditions } of Object.values(world.state.wires)) Object.assign(conditions, bad)
    Object.assign(world.state.faults.log, { staleReads: 0.3, refusedWrites: 0.1, refusedReads: 0.1 })
    Object.assign(world.state.faults.blobs, { halves: 0.5, putMs: [0, 50], refusedWrites: 0.2 })
    const [one, other] = [world.process('one').store, world.process('other').store]
    const [first, second] = entriesOf(on.submitted(), on.leads(1)) as [LogEntry, LogEntry]
    for (let round = 0; round < 20; round++) {
      const works = [
        one.log(run).append(first),
        one.blobs.put(nameOf(`n${round}`), BYTES),
        other.blobs.delete([nameOf(`n${round - 2}`)]),
        other.log(run).read(),
        other.documents.put(DOCUMENT, BYTES),
        ...(world.state.truth(run).length > 0 ? [one.log(run).append({ ...second, nonce: 'mine' })] : []),
        ...(world.state.truth(run).length > 0 ? [other.log(run).append({ ...second, nonce: 'theirs' })] : []),
      ]
      await world.outcome(Promise.allSettled(works))
    }
    return world.lines
  }
  const lines = await story(7)
  expect(lines.length).toBeGreaterThan(80)
  expect(await story(7)).toEqual(lines)
  expect(await story(8)).not.toEqual(lines)
})
