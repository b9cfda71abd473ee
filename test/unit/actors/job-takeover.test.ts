import { expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import { JobMaster, type JobMasterMessage, type LedElsewhere } from '#actors/job-master.js'
import type { ClaimAnswer, ResourceManagerMessage } from '#actors/resource-manager.js'
import type { SlotMessage } from '#actors/slot.js'
import type { SubtaskStanding } from '#actors/subtask-message.js'
import type { AdoptSlotAnswer } from '#actors/task-manager.js'
import type { Actor, ActorContext, ActorRef, ExitReason } from '#src/actor/actor.js'
import type { RestartStrategyOptions } from '#src/actor/restart-strategy.js'
import { ActorSystem } from '#src/actor/system.js'
import { manifestOf } from '#src/checkpoint/manifest.js'
import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import { storeManifest } from '#src/checkpoint/manifest-store.js'
import { HistoryDocuments } from '#src/cluster/history-documents.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import { Connectors, type SourceConnector } from '#src/connector/registry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { NodeId, SubtaskId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { MemoryState } from '#src/testing/memory-state.js'
import {
  attempt,
  checkpoint,
  clickCount,
  MemoryBlobs,
  operatorId,
  run,
  snapshot,
  split,
} from '../checkpoint/fixtures.js'
import { entriesOf, on } from '../cluster/fixtures.js'

type Word = { readonly type: string; readonly [field: string]: unknown }

const SUBTASKS = ['0-0', '0-1', '1-0', '1-1'].map((id) => id as SubtaskId)
const OOM = errorInfoOf(new Error('out of memory'))
const NONE: RestartStrategyOptions = { type: 'none' }
const MANY: RestartStrategyOptions = { type: 'fixed-delay', attempts: 1_000, delay: 500 }

/** Keeps what it hears, and answers as it is told to; undefined: not at all. */
class Says implements Actor<Word> {
  readonly heard: Word[] = []
  answers: (word: Word) => unknown
  readonly #children: readonly [name: string, actor: Says][]

  constructor(answers: (word: Word) => unknown, children: readonly [string, Says][] = []) {
    this.answers = answers
    this.#children = children
  }

  start(ctx: ActorContext<Word>): void {
    for (const [name, actor] of this.#children) ctx.spawn(name, actor)
  }

  receive(word: Word, ctx: ActorContext<Word>): void {
    this.heard.push(word)
    const answer = this.answers(word)
    if (answer !== undefined) ctx.reply(answer)
  }

  of(type: string): Word[] {
    return this.heard.filter((word) => word.type === type)
  }
}

const standing = (
  id: string,
  more: Partial<Exclude<SubtaskStanding, { state: 'FAILED' }>> = {},
): SubtaskStanding => ({
  subtask: id as SubtaskId,
  state: 'RUNNING',
  ended: false,
  final: false,
  splits: id.startsWith('0') ? [split(Number(id.at(-1)))] : [],
  ...more,
})

const sources: SourceConnector = {
  enumerator: () => ({
    discoverEveryMs: undefined,
    resolve: () => Promise.reject(new Error('its sources are resolved long since')),
    discover: async () => [],
    close: async () => {},
  }),
  reader: () => {
    throw new Error('nobody reads here')
  },
}

function planOf(restart: RestartStrategyOptions): JobPlan {
  const plan = clickCount(2, { intervalMs: 1_000 })
  const [source, sink] = plan.vertices
  if (source === undefined || sink === undefined) throw new Error('two vertices')
  const operators = source.operators.map((one) =>
    one.kind === 'source' ? { ...one, connector: { name: 'fake', options: {} } } : one,
  )
  return { ...plan, restart, vertices: [{ ...source, operators }, sink] }
}

/**
 * A job master that takes over a run whose first attempt has completed checkpoint 5 under another leader. The test
 * speaks for the resource manager, two slots of one task manager, and what runs there.
 */
async function stage({
  restart = NONE,
  later = [],
}: {
  restart?: RestartStrategyOptions
  later?: LogEvent[]
} = {}) {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const blobs = new MemoryBlobs()
  const state = new MemoryState().open()
  const log = state.log(run)
  const head = { run, plan: planOf(restart), attempt: attempt(1), triggeredAt: 1_000, completedAt: 1_500 }
  const known = [{ source: operatorId('clicks'), splits: [split(0), split(1)] }]
  const newest = manifestOf({ ...head, checkpoint: checkpoint(5) }, known, [])
  const part = await storeManifest(blobs, newest, random)
  const entries = entriesOf(
    on.submitted(),
    on.leads(1),
    on.completed(1, 0, 0),
    on.started(1, 1, 0),
    on.reserved(1, 64),
    { ...on.completed(1, 1, 5), manifest: part } as LogEvent,
    ...later,
  )
  for (const entry of entries) await log.append(entry)
  const [events, exits, crashes]: [JobEvent[], ExitReason[], ExitReason[]] = [[], [], []]
  const system = new ActorSystem({
    id: 'here' as SystemId,
    clock,
    random,
    logger: silentLogger,
    onFailure: (_, reason) => crashes.push(reason),
  })
  const subtasks = new Map(
    SUBTASKS.map((id) => [id, new Says(({ type }) => (type === 'trigger' ? 'accepted' : 'ok'))]),
  )
  const slots = [0, 1].map((index) =>
    system.spawn(
      `slot-${index}`,
      new Says(
        () => 'ok',
        [0, 1].map((vertex) => [
          `s-${vertex}-${index}`,
          subtasks.get(SUBTASKS[vertex * 2 + index] as SubtaskId) as Says,
        ]),
      ),
    ),
  )
  const standings = new Map(SUBTASKS.map((id) => [id, standing(id)]))
  const adopted = (slot: number): AdoptSlotAnswer => ({
    kind: 'adopted',
    slot: slots[slot] as ActorRef<unknown> as ActorRef<SlotMessage>,
    subtasks: SUBTASKS.filter((id) => id.endsWith(String(slot))).flatMap((id) => standings.get(id) ?? []),
  })
  const tm = new Says(({ type, slot }) => {
    if (type === 'adopt-slot') return adopted(slot as number)
    return type === 'open-slot' ? { kind: 'open', slot: slots[slot as number] } : 'ok'
  })
  const taskManager = system.spawn('task-manager', tm)
  const granted = [0, 1].map((slot) => ({ node: 'node', taskManager, slot }))
  const held = { kind: 'held', slots: granted } as object as ClaimAnswer
  const rm = new Says(({ type }) => {
    if (type === 'claim-slots') return held
    return type === 'request-slots' ? { kind: 'granted', slots: granted } : 'ok'
  })
  const resourceManager = system.spawn('resources', rm)
  const jobMaster: ActorRef<JobMasterMessage> = system.spawn(
    'job',
    new JobMaster({
      run,
      node: 'node2' as NodeId,
      term: 9,
      code: { bundle: 'none', request: { params: {} }, fingerprint: 'none' },
      plan: planOf(restart),
      log,
      blobs,
      history: new HistoryDocuments(state.documents, run),
      origin: undefined,
      allowRepeatedRows: false,
      jobManager: system.spawn<LedElsewhere>('manager', { receive: () => {} }),
      resourceManager: resourceManager as ActorRef<never> as ActorRef<ResourceManagerMessage>,
      connectors: new Connectors({ fake: sources }, {}),
      clock,
      random,
      logger: silentLogger,
      slotRequestMs: 60_000,
      isAlone: false,
    }),
    { onExit: (reason) => exits.push(reason) },
  )
  const follower = system.spawn<JobEvent>('follower', { receive: (event) => void events.push(event) })
  system.send(jobMaster, { type: 'follow', follower })
  /** Whether it was answered. */
  const tell = async (to: string, message: object) => {
    let isAnswered = false
    const asked = system.ask({ address: to } as ActorRef<never>, message as never, { timeoutMs: 60_000 })
    asked.then(
      () => {
        isAnswered = true
      },
      () => {},
    )
    await clock.advance(5)
    return isAnswered
  }
  return {
    clock,
    blobs,
    documents: state.documents,
    events,
    exits,
    crashes,
    subtasks,
    standings,
    adopted,
    tm,
    rm,
    tell,
    kill: () => system.killActor(taskManager),
    written: async () => (await log.read()).slice(-3).map(({ event }) => event),
    started: async () => (await log.read()).flatMap(({ event }) => (event.type === 'started' ? [event] : [])),
    status: () => {
      const last = events.findLast((event) => event.type === 'status')
      return last?.type === 'status' ? [last.status, last.reason] : []
    },
    attempts: () =>
      events.flatMap((event) => (event.type === 'attempt' ? [[event.attempt, event.from]] : [])),
    failures: () => events.flatMap((event) => (event.type === 'failure' ? event.error.message : [])),
    /** All subtasks have taken a checkpoint. */
    async acknowledge(id: number, of = 1) {
      for (const subtask of SUBTASKS) {
        const [vertex = 0, index = 0] = subtask.split('-').map(Number)
        await tell('here.job.checkpoints', {
          type: 'acknowledged',
          checkpoint: checkpoint(id),
          subtask,
          attempt: attempt(of),
          snapshot: snapshot(vertex, index),
          timings: { alignmentMs: 0, captureMs: 0, uploadMs: 0 },
        })
      }
    },
    /** The manifest that the log has as the newest. */
    async newest() {
      const retained = (await log.read()).at(-1)?.after.retained.at(-1)
      if (retained === undefined) throw new Error('nothing is retained')
      return decodeManifest(await blobs.get(retained.manifest), 'manifest')
    },
    runs: async (of: number) => {
      for (const subtask of SUBTASKS)
        await tell('here.job', { type: 'subtask-changed', subtask, attempt: attempt(of), state: 'RUNNING' })
    },
  }
}

test('when the attempt of the leader before is there whole, then it goes on as it is, and the log has no start', async () => {
  const { clock, rm, tm, subtasks, written, status, attempts, failures } = await stage()
  await clock.advance(100)
  expect(rm.of('claim-slots')).toMatchObject([{ run, attempt: 1, count: 2 }])
  const direction = {
    epoch: 2,
    jobMaster: { address: 'here.job' },
    coordinator: { address: 'here.job.checkpoints' },
  }
  const place = { run, attempt: 1, direction, settled: 64 }
  expect(tm.of('adopt-slot')).toMatchObject([
    { slot: 0, ...place },
    { slot: 1, ...place },
  ])
  expect(status()).toEqual(['RUNNING', undefined])
  expect([attempts(), failures()]).toEqual([[[1, 0]], []])
  expect((await written()).map(({ type }) => type)).toEqual(['completed', 'leads', 'reserved'])
  expect(tm.of('close-slot')).toEqual([])
  expect([...subtasks.values()].flatMap((one) => one.of('complete'))).toMatchObject(
    SUBTASKS.map(() => ({ epoch: 2, checkpoint: 5, final: false })),
  )
})

test('when it goes on, then a checkpoint opens at once, above all ids of the leader before', async () => {
  const { clock, subtasks, acknowledge, newest } = await stage()
  await clock.advance(100)
  expect(subtasks.get('0-0' as SubtaskId)?.of('trigger')).toMatchObject([{ epoch: 2, checkpoint: 65 }])
  await acknowledge(65)
  expect(await newest()).toMatchObject({ checkpoint: 65, attempt: 1 })
})

test('when splits were handed out since the newest checkpoint, then the next one knows of them', async () => {
  const { clock, standings, acknowledge, newest } = await stage()
  const id = '0-1' as SubtaskId
  standings.set(id, standing(id, { splits: [split(1, 77), split(3, 9)] }))
  await clock.advance(100)
  await acknowledge(65)
  expect((await newest()).sources).toEqual([{ source: 'clicks', splits: [split(0), split(1), split(3, 9)] }])
})

test('when some subtasks are still opening, then it runs, and checkpoints open, when they do', async () => {
  const { clock, standings, subtasks, status, runs } = await stage()
  for (const id of SUBTASKS.slice(2)) standings.set(id, standing(id, { state: 'INITIALIZING' }))
  await clock.advance(3_000)
  expect(status()).toEqual(['RUNNING', 'starting'])
  const source = subtasks.get('0-0' as SubtaskId)
  expect(source?.of('trigger')).toEqual([])
  await runs(1)
  await clock.advance(100)
  expect(status()).toEqual(['RUNNING', undefined])
  expect(source?.of('trigger')).toMatchObject([{ checkpoint: 65 }])
})

test('when not all subtasks are left, then the next attempt starts at once, also of a job that never restarts', async () => {
  const { clock, standings, tm, rm, attempts, failures, exits, started } = await stage({ restart: NONE })
  standings.delete('1-1' as SubtaskId)
  await clock.advance(100)
  expect(tm.of('close-slot')).toMatchObject([0, 1].map((slot) => ({ slot, attempt: 1, epoch: 2 })))
  expect(rm.of('release-slots').at(-1)).toMatchObject({ attempt: 1, epoch: 2 })
  expect(await started()).toMatchObject([{ attempt: 1 }, { attempt: 2, epoch: 2, from: 5 }])
  expect(tm.of('open-slot').at(-1)).toMatchObject({ attempt: 2, term: 9 })
  expect([attempts(), failures(), exits]).toEqual([[[2, 5]], [], []])
})

test('when its slots are nowhere, then the next attempt starts at once, and what may turn up of it is closed', async () => {
  const { clock, rm, tm, attempts, failures, started } = await stage()
  const { answers } = rm
  rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'missing' } : answers(word))
  await clock.advance(100)
  expect(rm.of('release-slots').at(-1)).toMatchObject({ attempt: 1, epoch: 2 })
  expect(tm.of('adopt-slot')).toEqual([])
  expect(await started()).toMatchObject([{ attempt: 1 }, { attempt: 2, epoch: 2, from: 5 }])
  expect([attempts(), failures()]).toEqual([[[2, 5]], []])
})

test('when task managers have not told yet what they hold, then it asks until they have', async () => {
  const { clock, rm, status, attempts } = await stage()
  const { answers } = rm
  rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'waiting' } : answers(word))
  await clock.advance(LIMITS.rejoinMs)
  expect(rm.of('claim-slots').length).toBeGreaterThan(3)
  expect([status()[0], attempts()]).toEqual(['INITIALIZING', []])
  rm.answers = answers
  await clock.advance(LIMITS.slotRetryMs + 100)
  expect([status(), attempts()]).toEqual([['RUNNING', undefined], [[1, 0]]])
})

test('when the resource manager does not answer, then it is asked again', async () => {
  const { clock, rm, attempts } = await stage()
  const { answers } = rm
  rm.answers = (word) => (word.type === 'claim-slots' ? undefined : answers(word))
  await clock.advance(LIMITS.slotRetryMs * 4)
  rm.answers = answers
  await clock.advance(LIMITS.slotRetryMs * 8)
  expect(attempts()).toEqual([[1, 0]])
})

test('when what runs does not say how it stands, then the next attempt starts, and nothing has failed', async () => {
  const { clock, tm, attempts, failures } = await stage()
  const { answers } = tm
  tm.answers = (word) => (word.type === 'adopt-slot' && word['slot'] === 1 ? undefined : answers(word))
  await clock.advance(LIMITS.adoptMs - 100)
  expect(attempts()).toEqual([])
  await clock.advance(500)
  expect([attempts(), failures()]).toEqual([[[2, 5]], []])
})

test('when it had failed while nobody led, then the restart strategy decides', async () => {
  for (const restart of [NONE, MANY]) {
    const { clock, standings, attempts, failures, events, tm } = await stage({ restart })
    standings.set('1-0' as SubtaskId, { subtask: '1-0' as SubtaskId, state: 'FAILED', error: OOM })
    await clock.advance(300)
    expect(attempts(), 'not before its delay').toEqual([])
    expect(tm.of('close-slot')).toHaveLength(2)
    await clock.advance(1_000)
    expect(failures()).toEqual([OOM.message])
    if (restart === MANY) expect(attempts()).toEqual([[2, 5]])
    else expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'failed', error: OOM, checkpoint: 5 })
  }
})

test('when a slot was lost while nobody led, then the restart strategy decides', async () => {
  const { clock, tm, adopted, attempts, failures } = await stage({ restart: MANY })
  const { answers } = tm
  tm.answers = (word) => {
    if (word.type !== 'adopt-slot') return answers(word)
    return word['slot'] === 0 ? adopted(0) : { kind: 'gone', error: OOM }
  }
  await clock.advance(2_000)
  expect([failures(), attempts()]).toEqual([[OOM.message], [[2, 5]]])
})

test('when it fails while it is taken over, then the restart strategy decides, and later answers change nothing', async () => {
  const words = [
    ['subtask-failed', { subtask: '1-0' }],
    ['slot-lost', { node: 'node', slot: 0 }],
  ] as const
  for (const [type, more] of words) {
    const { clock, tm, tell, attempts, failures } = await stage({ restart: MANY })
    const { answers } = tm
    tm.answers = (word) => (word.type === 'adopt-slot' ? undefined : answers(word))
    await clock.advance(100)
    await tell('here.job', { type, attempt: attempt(1), error: OOM, ...more })
    tm.answers = answers
    await clock.advance(LIMITS.adoptMs * 2)
    expect([failures(), attempts()]).toEqual([[OOM.message], [[2, 5]]])
  }
})

test('when a task manager is lost while it is taken over, then that is a failure', async () => {
  const { clock, tm, kill, failures } = await stage({ restart: MANY })
  const { answers } = tm
  tm.answers = (word) => (word.type === 'adopt-slot' ? undefined : answers(word))
  await clock.advance(100)
  kill()
  await clock.advance(100)
  expect(failures()).toMatchObject([expect.stringContaining('is lost')])
})

for (const [when, isClaimed] of [
  ['before its slots are found', false],
  ['while its slots are asked', true],
] as const) {
  test(`when it is canceled ${when}, then it ends CANCELED, keeps its checkpoint, and lets go of all that runs`, async () => {
    const { clock, rm, tm, tell, events, exits, attempts } = await stage()
    const answers = { rm: rm.answers, tm: tm.answers }
    if (!isClaimed)
      rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'waiting' } : answers.rm(word))
    tm.answers = (word) => (word.type === 'adopt-slot' ? undefined : answers.tm(word))
    await clock.advance(100)
    await tell('here.job', { type: 'cancel' })
    await clock.advance(LIMITS.adoptMs * 2)
    expect(tm.of('close-slot')).toHaveLength(isClaimed ? 2 : 0)
    // Of the next attempt, too, which will never start: all that is, or turns up, is closed.
    expect(rm.of('release-slots').at(-1)).toMatchObject({ attempt: 2, epoch: 2 })
    expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'canceled', checkpoint: 5 })
    expect([attempts(), exits]).toEqual([[], [{ kind: 'normal' }]])
  })
}

const CANCELLING = [on.cancelling(1)]

test('when whoever led before has promised a cancel, then what runs is found and closed, and the job ends CANCELED', async () => {
  const { clock, tm, rm, events, exits, attempts, written } = await stage({ later: CANCELLING })
  const answers = { rm: rm.answers, tm: tm.answers }
  rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'waiting' } : answers.rm(word))
  tm.answers = (word) => (word.type === 'close-slot' ? undefined : answers.tm(word))
  await clock.advance(LIMITS.slotRetryMs * 3)
  expect(tm.heard).toEqual([])
  rm.answers = answers.rm
  await clock.advance(LIMITS.slotRetryMs + 100)
  // It has not ended before nothing of it runs.
  expect(tm.of('close-slot')).toHaveLength(2)
  expect(await written()).toMatchObject([
    { type: 'completed' },
    on.cancelling(1),
    { type: 'leads', epoch: 2 },
  ])

  tm.answers = answers.tm
  await clock.advance(LIMITS.controlAsk.repeatMs + 100)
  expect((await written()).slice(1)).toMatchObject([{ type: 'leads', epoch: 2 }, on.ended(2, 'canceled')])
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'canceled', checkpoint: 5 })
  expect([attempts(), exits]).toEqual([[], [{ kind: 'normal' }]])
})

test('when whoever led before has promised a cancel, and what ran is gone, then nothing starts, and the job ends CANCELED', async () => {
  const { clock, rm, events, started } = await stage({ later: CANCELLING })
  const { answers } = rm
  rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'missing' } : answers(word))
  await clock.advance(100)
  expect(rm.of('release-slots').at(-1)).toMatchObject({ attempt: 2, epoch: 2 })
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'canceled', checkpoint: 5 })
  expect(await started()).toHaveLength(1)
})

test('when the newest manifest cannot be read for a while, then what runs goes on, however long that takes', async () => {
  const { clock, blobs, tm, attempts, failures, status } = await stage()
  const get = blobs.get.bind(blobs)
  blobs.get = () => Promise.reject(new Error('the store is away'))
  await clock.advance(LIMITS.adoptMs * 2)
  expect([attempts(), failures(), status()[0]]).toEqual([[], [], 'RUNNING'])
  blobs.get = get
  await clock.advance(LIMITS.logRetryMs + 100)
  expect([attempts(), failures(), status()]).toEqual([[[1, 0]], [], ['RUNNING', undefined]])
  expect(tm.of('close-slot')).toEqual([])
})

test('when the newest manifest is lost, then the job fails for that', async () => {
  const { clock, blobs, events } = await stage({ restart: MANY })
  blobs.blobs.clear()
  await clock.advance(LIMITS.adoptMs / 2)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'failed', error: { code: 'RT1203' } })
})

test('when all subtasks had finished, then the job ends FINISHED', async () => {
  const { clock, standings, events, exits, tm } = await stage()
  for (const id of SUBTASKS)
    standings.set(id, standing(id, { state: 'FINISHED', ended: true, final: true, splits: [] }))
  await clock.advance(100)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'finished', checkpoint: 5 })
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(tm.of('close-slot')).toHaveLength(2)
})

test('when the job has ended and its history is still being written, then its coordinator is told nothing more', async () => {
  const { clock, documents, events, tell } = await stage()
  await clock.advance(100)
  documents.put = () => new Promise(() => {})
  for (const subtask of SUBTASKS)
    await tell('here.job', { type: 'subtask-changed', subtask, attempt: attempt(1), state: 'FINISHED' })
  await clock.advance(100)
  expect(events.filter(({ type }) => type === 'ended')).toEqual([])
  // Refused, it would ask for ids again, and be refused again, without end.
  expect(await tell('here.job', { type: 'append', event: { type: 'reserved', to: 999 } })).toBe(false)
  await clock.advance(LIMITS.historyEndMs)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'finished' })
})

test('when some know that the final checkpoint is complete, then all are told, no other is taken, and it ends when they do', async () => {
  const { clock, standings, subtasks, events, tell } = await stage()
  const ended = { ended: true, splits: [] } as const
  for (const id of SUBTASKS) standings.set(id, standing(id, ended))
  standings.set(SUBTASKS[0] as SubtaskId, standing('0-0', { ...ended, state: 'FINISHED', final: true }))
  await clock.advance(5_000)
  const heard = [...subtasks.values()].flatMap((one) => [...one.of('complete'), ...one.of('trigger')])
  expect(heard).toMatchObject(SUBTASKS.map(() => ({ type: 'complete', checkpoint: 5, final: true })))
  for (const subtask of SUBTASKS)
    await tell('here.job', { type: 'subtask-changed', subtask, attempt: attempt(1), state: 'FINISHED' })
  await clock.advance(100)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'finished' })
})

test('when all have ended and nobody knows of a final checkpoint, then one is taken', async () => {
  const { clock, standings, subtasks, events } = await stage()
  for (const id of SUBTASKS) standings.set(id, standing(id, { ended: true }))
  await clock.advance(100)
  expect(events.find(({ type }) => type === 'checkpoint')).toMatchObject({ record: { cause: 'final' } })
  expect(subtasks.get('0-0' as SubtaskId)?.of('trigger')).toMatchObject([{ checkpoint: 65 }])
  expect(subtasks.get('0-0' as SubtaskId)?.of('complete')).toMatchObject([{ checkpoint: 5, final: false }])
})

test('when nothing was completed in the attempt, then nothing is told to be', async () => {
  const { clock, subtasks, attempts } = await stage({ later: [on.started(1, 2, 5)] })
  await clock.advance(100)
  expect(attempts()).toEqual([[2, 5]])
  expect([...subtasks.values()].flatMap((one) => one.of('complete'))).toEqual([])
})

test('when another attempt had started, then those before it are closed wherever they still run', async () => {
  const { clock, rm } = await stage({ later: [on.started(1, 2, 5)] })
  await clock.advance(100)
  expect(rm.of('claim-slots')).toMatchObject([{ attempt: 2 }])
  expect(rm.of('release-slots')).toMatchObject([{ attempt: 1, epoch: 2 }])
})

test('when a run is found ended, then what is held of it is let go, and its end is told', async () => {
  const { clock, rm, events, exits } = await stage({ later: [on.ended(1)] })
  await clock.advance(100)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'finished' })
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(rm.of('release-slots')).toMatchObject([{ run, attempt: 2, epoch: 1 }])
})

test('when a task manager asks whether it directs an attempt, then it answers of the one that it has, and of no other', async () => {
  const { clock, rm, tell } = await stage()
  const { answers } = rm
  rm.answers = (word) => (word.type === 'claim-slots' ? { kind: 'waiting' } : answers(word))
  const asks = (of: number) => tell('here.job', { type: 'directs-attempt', attempt: attempt(of) })
  await clock.advance(100)
  expect(await asks(1), 'not found yet').toBe(false)
  rm.answers = answers
  await clock.advance(LIMITS.slotRetryMs * 2)
  expect([await asks(1), await asks(2)]).toEqual([true, false])
})
