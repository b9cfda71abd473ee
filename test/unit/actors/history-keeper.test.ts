import { expect, test } from 'vitest'
import { HistoryKeeper, type HistoryMessage } from '#actors/history-keeper.js'
import type { Told } from '#actors/job-story.js'
import type { Actor } from '#src/actor/actor.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { HistoryDocuments } from '#src/cluster/history-documents.js'
import type { Documents } from '#src/cluster/state-store.js'
import type { Attempt, CheckpointId, Epoch } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { type Logger, silentLogger } from '#src/kit/logger.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { run } from '../cluster/fixtures.js'
import { checkpointOf } from '../cluster/history-fixtures.js'
import { FakeContext } from './fake-context.js'

/** Documents of a store that is full, slow or away when a test says so, or from which nothing can be deleted. */
class FaultyDocuments implements Documents {
  readonly #documents: Documents
  readonly #held: (() => void)[] = []
  trouble: 'none' | 'full' | 'slow' | 'away' | 'kept-as-it-is' = 'none'
  /** That were begun. */
  puts = 0
  reads = 0

  constructor(state: MemoryState) {
    this.#documents = state.open().documents
  }

  get held(): number {
    return this.#held.length
  }

  letGo(): void {
    this.trouble = 'none'
    for (const go of this.#held.splice(0)) go()
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    this.puts++
    await this.#meet(true)
    return this.#documents.put(name, bytes)
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    await this.#meet(false)
    return this.#documents.get(name)
  }

  async list(folder: string): Promise<readonly string[]> {
    this.reads++
    await this.#meet(false)
    return this.#documents.list(folder)
  }

  async delete(name: string): Promise<void> {
    await this.#meet(false)
    if (this.trouble === 'kept-as-it-is') throw new Error('nothing is deleted')
    return this.#documents.delete(name)
  }

  async #meet(isWrite: boolean): Promise<void> {
    if (this.trouble === 'slow') await new Promise<void>((go) => this.#held.push(go))
    if (this.trouble === 'away') throw new Error('the store is away')
    if (this.trouble === 'full' && isWrite) throw new Error('the store is full')
  }
}

/** What all leaderships of a test share. */
function world() {
  const [clock, state] = [new VirtualClock(), new MemoryState()]
  const kept = () => new HistoryDocuments(state.open().documents, run).newest()
  const names = () => [...state.documents.list('runs')].sort()
  return { clock, state, kept, names }
}

/** One leadership of the run: what its job master keeps. */
class Leader implements Actor<HistoryMessage> {
  readonly documents: FaultyDocuments
  readonly warnings: string[] = []
  readonly keeper: HistoryKeeper

  constructor({ clock, state }: ReturnType<typeof world>) {
    this.documents = new FaultyDocuments(state)
    const logger: Logger = { ...silentLogger, warn: (_, text) => void this.warnings.push(text) }
    const options = { wallTime: () => clock.wallTime(), logger }
    this.keeper = new HistoryKeeper(
      { ...options, documents: new HistoryDocuments(this.documents, run) },
      new FakeContext<HistoryMessage>(this, clock),
    )
  }

  receive({ step }: HistoryMessage): void {
    this.keeper.onStep(step)
  }

  begin(epoch: number, attempt = 0): void {
    const from = attempt === 0 ? undefined : (0 as CheckpointId)
    this.keeper.begin(epoch as Epoch, { attempt: attempt as Attempt, from })
  }

  attempt(attempt: number, from = 0): void {
    this.#tell({ type: 'attempt', attempt: attempt as Attempt, from: from as CheckpointId })
  }

  failure(message: string): void {
    this.#tell({ type: 'failure', error: { name: 'Error', message }, restartInMs: 0 })
  }

  checkpoint(checkpoint: number, state: CheckpointRecord['state'] = 'completed'): void {
    this.#tell({ type: 'checkpoint', record: checkpointOf(checkpoint, { state }) })
  }

  /** Whether the end was told. */
  end(): { isTold: boolean } {
    const end = { isTold: false }
    this.keeper.onEnded('finished', () => {
      end.isTold = true
    })
    return end
  }

  #tell(told: Told): void {
    this.keeper.onTold(told)
  }
}

const attempts = (numbers: readonly number[]) => numbers.map((attempt) => ({ attempt }))

test('when something happens, then it is kept at once, and what follows within the second after it together', async () => {
  const here = world()
  const { clock, kept } = here
  const leader = new Leader(here)
  leader.begin(1)
  await clock.settle()
  expect(leader.documents.puts, 'nothing has happened').toBe(0)
  leader.attempt(1)
  await clock.settle()
  expect(await kept()).toMatchObject({ attempts: [{ attempt: 1, from: 0, startedAt: clock.wallTime() }] })
  for (const checkpoint of [1, 2, 3]) {
    leader.checkpoint(checkpoint, 'collecting')
    leader.checkpoint(checkpoint)
  }
  await clock.advance(LIMITS.historyEveryMs - 1)
  expect(leader.documents.puts).toBe(1)
  await clock.advance(1)
  expect(leader.documents.puts).toBe(2)
  expect((await kept())?.checkpoints).toMatchObject([{ checkpoint: 3 }, { checkpoint: 2 }, { checkpoint: 1 }])
  await clock.advance(LIMITS.historyEveryMs * 10)
  expect(leader.documents.puts, 'nothing has happened since').toBe(2)
})

test('when an attempt ends, then it is kept what ended it', async () => {
  const here = world()
  const { clock, kept } = here
  const leader = new Leader(here)
  leader.begin(1)
  leader.failure('no slots')
  leader.attempt(1)
  leader.failure('it broke')
  leader.failure('it broke again, while it stopped')
  leader.attempt(2)
  leader.keeper.onAttemptEnded('moved', 'node-a drains')
  leader.attempt(3)
  const end = leader.end()
  await clock.settle()
  expect(end.isTold).toBe(true)
  expect(await kept()).toMatchObject({
    attempts: [
      { attempt: 3, ended: { how: 'finished' } },
      { attempt: 2, ended: { how: 'moved', reason: 'node-a drains' } },
      { attempt: 1, ended: { how: 'failed', reason: 'it broke' } },
    ],
    failures: [{ attempt: 1 }, { attempt: 1, error: { message: 'it broke' } }, { attempt: 0 }],
  })
})

test('when another leads, then it goes on from what the one before it wrote, and that goes', async () => {
  const here = world()
  const { clock, kept, names } = here
  const first = new Leader(here)
  first.begin(1)
  first.attempt(1)
  first.failure('it broke')
  first.checkpoint(1)
  first.attempt(2, 1)
  await clock.settle()
  const startedAt = clock.wallTime()
  await clock.advance(5_000)

  const second = new Leader(here)
  second.begin(2, 2)
  second.attempt(2, 1)
  second.checkpoint(65)
  await clock.settle()
  expect(second.keeper.known).toMatchObject({
    attempts: [
      { attempt: 2, from: 1, startedAt },
      { attempt: 1, ended: { how: 'failed' } },
    ],
    checkpoints: [{ checkpoint: 65 }, { checkpoint: 1 }],
    failures: [{ error: { message: 'it broke' } }],
  })
  expect(await kept()).toMatchObject(JSON.parse(JSON.stringify(second.keeper.known)))
  expect(names()).toEqual([`runs/${run}/history.2`])

  const third = new Leader(here)
  third.begin(3, 2)
  third.keeper.onAttemptEnded('given-up', 'not all of it is left')
  third.attempt(3, 65)
  await clock.advance(LIMITS.historyEveryMs)
  expect((await kept())?.attempts).toMatchObject([
    { attempt: 3, from: 65 },
    { attempt: 2, startedAt, ended: { how: 'given-up' } },
    { attempt: 1 },
  ])
})

test('when an attempt goes on of which nothing was written, then the time of its start is not made up', async () => {
  const here = world()
  const leader = new Leader(here)
  leader.begin(2, 7)
  leader.attempt(7)
  leader.attempt(8)
  await here.clock.settle()
  expect(leader.keeper.known.attempts).toMatchObject([
    { attempt: 8, startedAt: here.clock.wallTime() },
    { attempt: 7, startedAt: undefined },
  ])
})

test('when what earlier leaders wrote could not be deleted, then it goes with a later put', async () => {
  const here = world()
  const { clock, names } = here
  const first = new Leader(here)
  first.begin(1)
  first.attempt(1)
  await clock.settle()
  const second = new Leader(here)
  second.documents.trouble = 'kept-as-it-is'
  second.begin(2, 1)
  await clock.advance(LIMITS.historyEveryMs)
  expect(names()).toHaveLength(2)
  second.documents.trouble = 'none'
  second.checkpoint(65)
  await clock.settle()
  expect(names()).toEqual([`runs/${run}/history.2`])
})

test('when a leader was replaced and does not know it, then it overwrites nothing', async () => {
  const here = world()
  const { clock, kept, names } = here
  const stale = new Leader(here)
  stale.begin(1)
  stale.attempt(1)
  await clock.advance(2_000)
  const leader = new Leader(here)
  leader.begin(2, 1)
  leader.attempt(2)
  await clock.advance(2_000)
  stale.failure('seen by nobody else')
  await clock.advance(2_000)
  expect(stale.documents.puts).toBe(2)
  expect(await kept()).toMatchObject({ attempts: attempts([2, 1]), failures: [] })
  const next = new Leader(here)
  next.begin(3, 2)
  await clock.advance(2_000)
  expect(next.keeper.known).toMatchObject({ attempts: attempts([2, 1]), failures: [] })
  expect(names(), 'what the stale one wrote goes, too').toEqual([`runs/${run}/history.3`])
})

test('when the store is full, then it is tried again now and then, and told once', async () => {
  const here = world()
  const { clock, kept } = here
  const leader = new Leader(here)
  leader.begin(1)
  await clock.settle()
  leader.documents.trouble = 'full'
  for (let checkpoint = 1; checkpoint <= 100; checkpoint++) {
    leader.checkpoint(checkpoint)
    await clock.advance(100)
  }
  expect(leader.documents.puts, 'at once, and every 5 s').toBe(3)
  expect(leader.warnings).toHaveLength(1)
  leader.documents.trouble = 'none'
  await clock.advance(LIMITS.historyRetryMs)
  expect((await kept())?.checkpoints).toHaveLength(100)
})

test('when the store is full at the end, then the end is told at once', async () => {
  const here = world()
  const { clock } = here
  const leader = new Leader(here)
  leader.begin(1)
  leader.attempt(1)
  await clock.settle()
  leader.documents.trouble = 'full'
  const end = leader.end()
  await clock.settle()
  expect(end.isTold).toBe(true)
})

test('when the store is slow, then one put is under way, and the end waits for it a moment only', async () => {
  const here = world()
  const { clock } = here
  const leader = new Leader(here)
  leader.begin(1)
  await clock.settle()
  leader.documents.trouble = 'slow'
  leader.attempt(1)
  await clock.advance(60_000)
  leader.checkpoint(1)
  const end = leader.end()
  await clock.advance(LIMITS.historyEndMs - 1)
  expect([leader.documents.puts, leader.documents.held, end.isTold]).toEqual([1, 1, false])
  await clock.advance(1)
  expect(end.isTold).toBe(true)
})

test('when a put is under way at the end, then what it does not hold is written after it, and told then', async () => {
  const here = world()
  const { clock, kept } = here
  const leader = new Leader(here)
  leader.begin(1)
  await clock.settle()
  leader.documents.trouble = 'slow'
  leader.attempt(1)
  const end = leader.end()
  await clock.settle()
  expect(end.isTold).toBe(false)
  leader.documents.letGo()
  await clock.settle()
  expect(end.isTold).toBe(true)
  expect((await kept())?.attempts).toMatchObject([{ attempt: 1, ended: { how: 'finished' } }])
})

test('when the store is away as one begins to lead, then nothing is written before it is known what was', async () => {
  const here = world()
  const { clock, kept } = here
  const first = new Leader(here)
  first.begin(1)
  first.attempt(1)
  await clock.settle()

  const second = new Leader(here)
  second.documents.trouble = 'away'
  second.begin(2, 1)
  second.keeper.onAttemptEnded('given-up')
  second.attempt(2)
  await clock.advance(LIMITS.historyRetryMs * 3)
  expect([second.documents.puts, second.documents.reads, second.warnings.length]).toEqual([0, 4, 1])
  expect(second.keeper.known, 'what it has seen itself').toMatchObject({ attempts: attempts([2, 1]) })
  second.documents.trouble = 'none'
  await clock.advance(LIMITS.historyRetryMs)
  expect((await kept())?.attempts).toMatchObject([
    { attempt: 2 },
    { attempt: 1, startedAt: expect.any(Number), ended: { how: 'given-up' } },
  ])
})

test('when the store is away to the end, then the end is told at once, and what stood there stays', async () => {
  const here = world()
  const { clock, kept } = here
  const first = new Leader(here)
  first.begin(1)
  first.attempt(1)
  await clock.settle()
  const second = new Leader(here)
  second.documents.trouble = 'away'
  second.begin(2, 1)
  await clock.settle()
  expect(second.end().isTold).toBe(true)
  expect(await kept()).toMatchObject({ attempts: attempts([1]) })
})

test('when nobody has led here, then the end is told at once, and nothing is read or written', async () => {
  const here = world()
  const { clock } = here
  const leader = new Leader(here)
  expect(leader.end().isTold).toBe(true)
  await clock.settle()
  expect([leader.documents.reads, leader.documents.puts]).toEqual([0, 0])
})
