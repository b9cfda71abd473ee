import { expect, test } from 'vitest'
import { type Known, type LogStep, LogWriter } from '#actors/log-writer.js'
import type { Outcome } from '#src/actor/actor.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { LogEntry } from '#src/cluster/log-entry.js'
import { RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'
import { entriesOf, on } from '../cluster/fixtures.js'

/** A log of which readers see only so many entries. */
class LaggingLog implements JobLog {
  readonly entries: LogEntry[]
  shown = Number.POSITIVE_INFINITY
  isAway = false

  constructor(entries: readonly LogEntry[]) {
    this.entries = [...entries]
  }

  async read(): Promise<readonly LogEntry[]> {
    if (this.isAway)
      throw new RetakeError('RT1501', { what: 'nobody answers', why: 'no leader', fix: 'wait' })
    return this.entries.slice(0, this.shown)
  }

  async append(entry: LogEntry): Promise<'written' | 'taken'> {
    if (entry.place !== this.entries.length + 1) return 'taken'
    if (entry.previous !== this.entries.at(-1)?.nonce) return 'taken'
    this.entries.push(entry)
    return 'written'
  }
}

function writerOn(log: JobLog) {
  const known: Known[] = []
  const world = { now: 0, isRead: false, steps: 0 }
  const steps: Promise<LogStep>[] = []
  const writer = new LogWriter({
    log,
    nonce: () => `n${world.steps++}`,
    now: () => world.now,
    pipe: (work) => steps.push(work),
    onRead: () => {
      world.isRead = true
    },
  })
  /** Brings back what has come of the steps, until no more begin. */
  const settle = async () => {
    for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
      const outcome: Outcome<LogStep> = await step.then(
        (value) => ({ ok: true, value }),
        (error: unknown) => ({ ok: false, error }),
      )
      known.push(writer.onStep(outcome))
    }
    return known.at(-1)
  }
  return { writer, world, settle }
}

test('when a log shows nothing of a run that was submitted, then it is read again until it does', async () => {
  const log = new LaggingLog(entriesOf(on.submitted()))
  log.shown = 0
  const { writer, world, settle } = writerOn(log)
  writer.read()
  expect(await settle()).toMatchObject({ kind: 'unknown', error: { code: 'RT1308' } })
  expect(world.isRead).toBe(false)

  log.shown = 1
  world.now = LIMITS.logBehindMs - 1
  writer.again()
  expect(await settle()).toEqual({ kind: 'known' })
  expect(world.isRead).toBe(true)
})

test('when a log goes on showing less than it has confirmed, then it is damaged', async () => {
  const log = new LaggingLog(entriesOf(on.submitted()))
  log.shown = 0
  const { writer, world, settle } = writerOn(log)
  writer.read()
  await settle()
  world.now = LIMITS.logBehindMs
  writer.again()
  expect(await settle()).toMatchObject({ kind: 'damaged', error: { code: 'RT1306' } })
})

test('when a place is taken and the next read does not show by whom, then nothing is decided over it', async () => {
  const log = new LaggingLog(entriesOf(on.submitted(), on.leads(1), on.completed(1, 0, 0)))
  const { writer, settle } = writerOn(log)
  writer.read()
  await settle()
  // Another has led since, and this one does not see it yet.
  log.entries.push(...entriesOf(on.submitted(), on.leads(1), on.completed(1, 0, 0), on.leads(2)).slice(3))
  log.shown = 3
  const told: string[] = []
  writer.append({ ...on.started(1, 1, 0) }, ({ kind }) => told.push(kind))
  expect(await settle()).toMatchObject({ kind: 'unknown' })
  expect(told).toEqual([])

  log.shown = 4
  writer.again()
  await settle()
  expect(told).toEqual(['refused'])
})

test('when nobody answers for a while in between, then patience with what lags begins anew', async () => {
  const log = new LaggingLog(entriesOf(on.submitted()))
  log.shown = 0
  const { writer, world, settle } = writerOn(log)
  writer.read()
  await settle()
  log.isAway = true
  world.now = LIMITS.logBehindMs
  writer.again()
  expect(await settle()).toMatchObject({ kind: 'unknown', error: { code: 'RT1501' } })
  log.isAway = false
  world.now = LIMITS.logBehindMs + 100
  writer.again()
  expect(await settle()).toMatchObject({ kind: 'unknown', error: { code: 'RT1308' } })
})

test('when the place before is taken by another entry, then what stands there is believed', async () => {
  const begun = [on.submitted(), on.leads(1), on.completed(1, 0, 0)]
  const log = new LaggingLog(entriesOf(...begun))
  const { writer, settle } = writerOn(log)
  writer.read()
  await settle()
  // What was confirmed is lost, and another has written there.
  const [submitted, leads] = log.entries
  if (submitted === undefined || leads === undefined) throw new Error('the log has begun')
  const verdict = JobHistory.of([submitted, leads]).propose(on.leads(2), 'another')
  if (verdict.kind === 'refused') throw new Error(verdict.reason)
  log.entries.splice(2, 1, verdict.entry)
  const told: string[] = []
  writer.append(on.started(1, 1, 0), ({ kind }) => told.push(kind))
  await settle()
  expect(told).toEqual(['refused'])
})
