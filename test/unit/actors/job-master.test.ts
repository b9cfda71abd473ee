import { expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import { type CancelJob, JobMaster, type JobMasterMessage, type LedElsewhere } from '#actors/job-master.js'
import type { ResourceManagerMessage } from '#actors/resource-manager.js'
import type { Actor, ActorRef, ExitReason } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { HistoryDocuments } from '#src/cluster/history-documents.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { LogEntry, LogEvent } from '#src/cluster/log-entry.js'
import { Connectors, type SourceConnector } from '#src/connector/registry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, NodeId, RunId, SubtaskId, SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { clickCount, MemoryBlobs, run, snapshot, split } from '../checkpoint/fixtures.js'
import { entriesOf, on } from '../cluster/fixtures.js'

/** Entries of one kind are held until they are let go: a disk that takes its time. */
class SlowLog implements JobLog {
  readonly entries: LogEntry[]
  readonly #held: (() => void)[] = []
  #holds: string | undefined
  #unreadable: Error | undefined
  #unwritable: Error | undefined

  constructor(...later: readonly LogEvent[]) {
    this.entries = [...entriesOf(on.submitted(), ...later)]
  }

  hold(type: string): void {
    this.#holds = type
  }

  breakReading(error: Error): void {
    this.#unreadable = error
  }

  breakWriting(error: Error): void {
    this.#unwritable = error
  }

  get held(): number {
    return this.#held.length
  }

  letGo(): void {
    this.#holds = undefined
    for (const go of this.#held.splice(0)) go()
  }

  async read(): Promise<readonly LogEntry[]> {
    if (this.#unreadable !== undefined) throw this.#unreadable
    return [...this.entries]
  }

  async append(entry: LogEntry): Promise<'written' | 'taken'> {
    if (this.#unwritable !== undefined) throw this.#unwritable
    if (entry.event.type === this.#holds) await new Promise<void>((go) => this.#held.push(go))
    if (entry.place !== this.entries.length + 1) return 'taken'
    this.entries.push(entry)
    return 'written'
  }

  /** Another job master writes. */
  write(event: LogEvent): void {
    const verdict = JobHistory.of(this.entries).propose(event, `other-${this.entries.length}`)
    if (verdict.kind === 'refused') throw new Error(verdict.reason)
    this.entries.push(verdict.entry)
  }

  count(type: string): number {
    return this.entries.filter(({ event }) => event.type === type).length
  }
}

const MANY_RESTARTS = { type: 'fixed-delay', attempts: 1_000, delay: 0 } as const
const SUBTASKS: readonly SubtaskId[] = ['0-0', '0-1', '1-0', '1-1'].map((id) => id as SubtaskId)

/**
 * A job master over actors that do at once what they are asked; the test speaks for the subtasks.
 *
 * @param later what the log has besides the submission
 */
const stage = (...later: readonly LogEvent[]) => stageOf(twoSplits, ...later)

function stageOf(source: SourceConnector, ...later: readonly LogEvent[]) {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const blobs = new MemoryBlobs()
  const log = new SlowLog(...later)
  const [events, exits, crashes]: [JobEvent[], ExitReason[], ExitReason[]] = [[], [], []]
  const system = new ActorSystem({
    id: 'here' as SystemId,
    clock,
    random,
    logger: silentLogger,
    onFailure: (_, reason) => crashes.push(reason),
  })
  const says = (answers: Readonly<Record<string, unknown>>): Actor<{ type: string; slot?: number }> => ({
    receive(message, ctx) {
      const answer = answers[message.type] ?? 'ok'
      ctx.reply(typeof answer === 'function' ? answer(message) : answer)
    },
  })
  const slots = [0, 1].map((index) => system.spawn(`slot-${index}`, says({})))
  const taskManager = system.spawn(
    'task-manager',
    says({ 'open-slot': ({ slot = 0 }: { slot?: number }) => ({ kind: 'open', slot: slots[slot] }) }),
  )
  const granted = [0, 1].map((slot) => ({ node: 'node', taskManager, slot }))
  const resourceManager = system.spawn(
    'resources',
    says({ 'request-slots': { kind: 'granted', slots: granted } }),
  )
  const elsewhere: RunId[] = []
  const jobManager = system.spawn<LedElsewhere>('manager', { receive: ({ run }) => void elsewhere.push(run) })
  const jobMaster: ActorRef<JobMasterMessage> = system.spawn(
    'job',
    new JobMaster({
      jobManager,
      run,
      node: 'node' as NodeId,
      term: 1,
      code: { bundle: 'none', request: { params: {} }, fingerprint: 'none' },
      plan: withSource(clickCount(2, { intervalMs: 1_000 })),
      log,
      blobs,
      history: new HistoryDocuments(new MemoryState().open().documents, run),
      origin: undefined,
      allowRepeatedRows: false,
      resourceManager: resourceManager as ActorRef<unknown> as ActorRef<ResourceManagerMessage>,
      connectors: new Connectors({ fake: source }, {}),
      clock,
      random,
      logger: silentLogger,
      slotRequestMs: 1_000,
      isAlone: false,
    }),
    { onExit: (reason) => exits.push(reason) },
  )
  const follower = system.spawn<JobEvent>('follower', { receive: (event) => void events.push(event) })
  system.send(jobMaster, { type: 'follow', follower })
  const tell = (to: string, message: object) => {
    void system
      .ask({ address: to } as ActorRef<never>, message as never, { timeoutMs: 60_000 })
      .catch(() => {})
  }
  /** What is answered comes to stand in the list. */
  const cancel = () => {
    const answers: unknown[] = []
    const asked = system.ask(jobMaster, { type: 'cancel' } satisfies CancelJob, { timeoutMs: 60_000 })
    asked.then(
      (answer) => answers.push(answer),
      () => {},
    )
    return answers
  }
  return { clock, log, blobs, events, exits, crashes, elsewhere, tell, cancel }
}

const twoSplits: SourceConnector = {
  enumerator: () => ({
    discoverEveryMs: undefined,
    resolve: async () => [split(0), split(1)],
    discover: async () => [],
    close: async () => {},
  }),
  reader: () => {
    throw new Error('nobody reads here')
  },
}

function withSource(plan: JobPlan): JobPlan {
  return {
    ...plan,
    restart: MANY_RESTARTS,
    vertices: plan.vertices.map((vertex) => ({
      ...vertex,
      operators: vertex.operators.map((operator) =>
        operator.kind === 'source' ? { ...operator, connector: { name: 'fake', options: {} } } : operator,
      ),
    })),
  }
}

/** Every subtask has taken checkpoint 1. */
function acknowledge(tell: (to: string, message: object) => void, attempt: Attempt): void {
  for (const subtask of SUBTASKS) {
    const [vertex, index] = subtask.split('-').map(Number) as [number, number]
    tell('here.job.checkpoints', {
      type: 'acknowledged',
      checkpoint: 1 as CheckpointId,
      subtask,
      attempt,
      snapshot: snapshot(vertex, index),
      timings: { alignmentMs: 0, captureMs: 0, uploadMs: 0 },
    })
  }
}

test('when a failure comes while a slow log decides a checkpoint, then the job restarts from that one', async () => {
  const { clock, log, events, exits, tell } = stage()
  await clock.advance(100)
  const attempt = 1 as Attempt
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt, state: 'RUNNING' })
  await clock.advance(1_100)
  log.hold('completed')
  acknowledge(tell, attempt)
  await clock.advance(10)
  expect(log.held).toBe(1)

  const error = { name: 'Error', message: 'a subtask failed' }
  tell('here.job', { type: 'subtask-failed', subtask: '1-0', attempt, error })
  await clock.advance(50)
  log.letGo()
  await clock.advance(5_000)

  expect(exits).toEqual([])
  expect(log.count('started')).toBe(2)
  expect(events.filter(({ type }) => type === 'attempt').at(-1)).toMatchObject({ attempt: 2, from: 1 })
})

test('when a job is canceled while its first manifest is being stored, then it ends once, and in order', async () => {
  const { clock, log, blobs, exits, crashes, events, tell } = stage()
  blobs.hold()
  await clock.advance(20)
  log.hold('ended')
  tell('here.job', { type: 'cancel' })
  await clock.advance(20)
  blobs.release()
  await clock.advance(20)
  log.letGo()
  await clock.advance(1_000)

  expect(log.entries.at(-1)?.event.type).toBe('ended')
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(crashes).toEqual([])
  expect(events.filter(({ type }) => type === 'ended')).toHaveLength(1)
})

test('when a job is canceled, then that is answered once its log promises it, and nothing is done before', async () => {
  const { clock, log, events, exits, cancel } = stage()
  await clock.advance(100)
  log.hold('cancelling')
  const answers = [cancel(), cancel()]
  await clock.advance(1_000)
  expect(answers).toEqual([[], []])
  expect(events).not.toContainEqual(expect.objectContaining({ status: 'CANCELLING' }))

  log.letGo()
  await clock.advance(100)
  expect(answers).toEqual([['ok'], ['ok']])
  expect(log.entries.slice(-2).map(({ event }) => event)).toEqual([on.cancelling(1), on.ended(1, 'canceled')])
  expect(exits).toEqual([{ kind: 'normal' }])
})

test('when another leads by the time a job is canceled, then nobody is told that it is, and nothing is written', async () => {
  const { clock, log, elsewhere, cancel } = stage()
  await clock.advance(100)
  log.write(on.leads(2))
  const answers = cancel()
  await clock.advance(1_000)
  expect([answers, elsewhere, log.entries.at(-1)?.event]).toEqual([[], [run], on.leads(2)])
})

test('when a job is canceled before it is led, then that is promised by whoever comes to lead it', async () => {
  const { clock, log, events, cancel } = stage()
  log.hold('leads')
  const answers = cancel()
  await clock.advance(100)
  expect(answers).toEqual([])
  log.letGo()
  await clock.advance(100)
  expect(answers).toEqual(['ok'])
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'canceled' })
  expect(log.entries.slice(1, 3).map(({ event }) => event.type)).toEqual(['leads', 'cancelling'])
})

test('when a job is canceled while its end is being written, then that is answered, and it stays as it ended', async () => {
  const { clock, log, events, tell, cancel } = stage()
  await clock.advance(100)
  log.hold('ended')
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt: 1 as Attempt, state: 'FINISHED' })
  await clock.advance(10)
  const answers = cancel()
  await clock.advance(1_000)
  expect([log.held, answers]).toEqual([1, []])
  log.letGo()
  await clock.advance(100)
  expect(answers).toEqual(['ok'])
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'finished' })
  expect(log.count('cancelling')).toBe(0)
})

test('when whoever led before has promised a cancel, and nothing has run, then nothing starts, and the job ends CANCELED', async () => {
  const { clock, log, events, exits, crashes } = stage(on.leads(1), on.cancelling(1))
  await clock.advance(1_000)
  expect(log.entries.slice(3).map(({ event }) => event)).toMatchObject([
    { type: 'leads', epoch: 2 },
    on.ended(2, 'canceled'),
  ])
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'canceled' })
  expect([exits, crashes]).toEqual([[{ kind: 'normal' }], []])
})

const damaged = new RetakeError('RT1306', {
  what: 'entry 1 is torn',
  why: 'it is not JSON',
  fix: 'restore it',
})

test('when the log has lost what it had confirmed, then the job fails with the reason instead of trying for ever', async () => {
  const { clock, log, events, exits, tell } = stage()
  await clock.advance(100)
  log.breakWriting(damaged)
  const error = { name: 'Error', message: 'a subtask failed' }
  tell('here.job', { type: 'subtask-failed', subtask: '1-0', attempt: 1 as Attempt, error })
  await clock.advance(5_000)
  expect(events.at(-1)).toMatchObject({ type: 'ended', outcome: 'failed', error: { code: 'RT1306' } })
  expect(exits).toEqual([{ kind: 'normal' }])
})

test('when a node drains on which a job runs, then it starts again from a checkpoint taken for it, and nothing has failed', async () => {
  const { clock, log, events, tell } = stage()
  await clock.advance(100)
  const attempt = 1 as Attempt
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt, state: 'RUNNING' })
  await clock.advance(10)
  tell('here.job', { type: 'evacuate', node: 'another' })
  await clock.advance(10)
  expect(events.filter(({ type }) => type === 'checkpoint')).toEqual([])
  // Told again and again, until it has left.
  for (let told = 0; told < 3; told++) tell('here.job', { type: 'evacuate', node: 'node' })
  await clock.advance(10)
  acknowledge(tell, attempt)
  await clock.advance(1_000)
  expect(log.count('completed')).toBe(2)
  expect(events.filter(({ type }) => type === 'attempt').at(-1)).toMatchObject({ attempt: 2, from: 1 })
  expect(events.filter(({ type }) => type === 'failure')).toEqual([])
  expect(log.count('started')).toBe(2)
})

test('when what the log holds cannot be believed, then the job fails with the reason and writes nothing', async () => {
  const { clock, log, events, exits } = stage()
  log.breakReading(damaged)
  await clock.advance(1_000)

  expect(events.find(({ type }) => type === 'ended')).toMatchObject({
    outcome: 'failed',
    error: { code: 'RT1306' },
  })
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(log.entries).toHaveLength(1)
})

test('when an attempt fails before the log has said that it started, then the next one has the next number', async () => {
  const { clock, log, events, tell } = stage()
  log.hold('started')
  await clock.advance(100)
  expect(log.held).toBe(1)
  const error = { name: 'Error', message: 'a slot is lost' }
  tell('here.job', { type: 'slot-lost', attempt: 1 as Attempt, node: 'node' as NodeId, slot: 0, error })
  await clock.advance(1_000)
  log.letGo()
  await clock.advance(1_000)
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt: 2 as Attempt, state: 'RUNNING' })
  await clock.advance(2_000)

  expect(events.filter(({ type }) => type === 'attempt')).toMatchObject([{ attempt: 2 }])
  // Its coordinator knows it: a checkpoint has opened.
  expect(events.filter(({ type }) => type === 'checkpoint')).not.toEqual([])
})

test('when a job is canceled while it waits to restart, then it cancels, and in order', async () => {
  const { clock, log, events, exits, crashes, tell } = stage()
  await clock.advance(100)
  log.hold('started')
  const error = { name: 'Error', message: 'a subtask failed' }
  tell('here.job', { type: 'subtask-failed', subtask: '1-0', attempt: 1 as Attempt, error })
  tell('here.job', { type: 'cancel' })
  await clock.advance(1_000)
  log.letGo()
  await clock.advance(1_000)

  expect(crashes).toEqual([])
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(events.flatMap((event) => (event.type === 'status' ? event.status : [])).slice(-3)).toEqual([
    'RESTARTING',
    'CANCELLING',
    'CANCELED',
  ])
})

test('when an attempt fails and the log then refuses it, then the next one has its number, and runs', async () => {
  const { clock, log, events, tell } = stage()
  await clock.advance(100)
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt: 1 as Attempt, state: 'RUNNING' })
  await clock.advance(1_100)
  // The decision about checkpoint 1 is under way when attempt 2 is proposed from checkpoint 0, and comes first.
  log.hold('completed')
  acknowledge(tell, 1 as Attempt)
  await clock.advance(10)
  const error = { name: 'Error', message: 'a subtask failed' }
  tell('here.job', { type: 'subtask-failed', subtask: '1-0', attempt: 1 as Attempt, error })
  await clock.advance(500)
  expect(log.count('started')).toBe(1)
  tell('here.job', { type: 'slot-lost', attempt: 2 as Attempt, node: 'node' as NodeId, slot: 0, error })
  await clock.advance(500)
  log.letGo()
  await clock.advance(1_000)
  for (const subtask of SUBTASKS)
    tell('here.job', { type: 'subtask-changed', subtask, attempt: 2 as Attempt, state: 'RUNNING' })
  await clock.advance(2_000)

  expect(events.filter(({ type }) => type === 'attempt').at(-1)).toMatchObject({ attempt: 2, from: 1 })
  const opened = events.flatMap((event) => (event.type === 'checkpoint' ? event.record.attempt : []))
  expect(opened.at(-1)).toBe(2)
})

test('when another leads the job, then it tells its manager, and what it would have failed for nobody', async () => {
  const { clock, log, events, exits, elsewhere, tell } = stage()
  await clock.advance(100)
  log.write(on.leads(2))
  // What the other has deleted is gone: no restart cures that.
  const error = { name: 'RetakeError', code: 'RT1203', message: 'a part is not there' }
  tell('here.job', { type: 'subtask-failed', subtask: '1-0', attempt: 1 as Attempt, error })
  await clock.advance(1_000)

  expect(elsewhere).toEqual([run])
  expect(exits).toEqual([{ kind: 'normal' }])
  expect(events.filter(({ type }) => type === 'failure' || type === 'ended')).toEqual([])
})

test('when a task manager has heard of a later leader, then it ends before the log tells; an earlier one is no news', async () => {
  const { clock, log, exits, elsewhere, tell } = stage()
  await clock.advance(100)
  tell('here.job', { type: 'replaced', epoch: 1 })
  await clock.advance(100)
  expect(exits).toEqual([])
  const written = log.entries.length
  tell('here.job', { type: 'replaced', epoch: 2 })
  await clock.advance(100)
  expect([exits, elsewhere]).toEqual([[{ kind: 'normal' }], [run]])
  expect(log.entries).toHaveLength(written)
})

test('when a source is refused for its options, then the job fails for it at once, with its line', async () => {
  const refusing: SourceConnector = {
    ...twoSplits,
    enumerator: () => {
      throw new RetakeError('RT1410', {
        what: 'option start is wrong',
        why: 'it is "earlist"',
        fix: 'mend it',
      })
    },
  }
  const { clock, events, exits, crashes } = stageOf(refusing)
  await clock.advance(1_000)
  expect(events.at(-1)).toMatchObject({
    type: 'ended',
    outcome: 'failed',
    error: { code: 'RT1410', where: expect.stringMatching(/:\d+$/) },
  })
  expect([exits, crashes]).toEqual([[{ kind: 'normal' }], []])
})
