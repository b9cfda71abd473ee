import { expect, test } from 'vitest'
import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEvent } from '#src/cluster/log-entry.js'
import type { CheckpointId, Epoch, RunId } from '#src/kit/ids.js'
import { entriesOf, on, run, STARTED } from './fixtures.js'

const history = (...events: LogEvent[]) => JobHistory.of(entriesOf(...events))
const verdict = (events: readonly LogEvent[], event: LogEvent) => {
  const answer = history(...events).propose(event, 'nonce')
  return answer.kind === 'accepted' ? 'accepted' : answer.reason
}

const CANCELLING = [...STARTED, on.cancelling(1)]
const TAKEN = [...CANCELLING, on.leads(2)]

test('when a log is read, then the last entry says all that holds', () => {
  const of = history(...STARTED, on.completed(1, 1, 5), on.completed(1, 1, 6), on.released(1, 0))
  expect(of.place).toBe(8)
  expect(of.state).toMatchObject({
    run,
    job: 'click-count',
    epoch: 1,
    attempt: 1,
    from: 0,
    reserved: { epoch: 1, from: 1, to: 64 },
    retained: [{ checkpoint: 5 }, { checkpoint: 6 }],
    ended: undefined,
  })
  expect(of.latest?.checkpoint).toBe(6)
})

test('when all but the last entries were dropped, then what is left says the same', () => {
  const entries = entriesOf(...STARTED, on.completed(1, 1, 5))
  expect(JobHistory.of(entries.slice(-1)).state).toEqual(JobHistory.of(entries).state)
})

test('when an entry is proposed, then it names its place and the one before', () => {
  expect(history(...STARTED).propose(on.completed(1, 1, 5), 'mine')).toMatchObject({
    kind: 'accepted',
    entry: { place: 6, nonce: 'mine', previous: 'nonce-5' },
  })
})

test.each<[string, readonly LogEvent[], LogEvent, string]>([
  ['the first is no submission', [], on.leads(1), "a log begins with 'submitted'"],
  ['it was submitted before', STARTED, on.submitted(), 'the job was submitted already'],
  ['an epoch is skipped', STARTED, on.leads(3), 'epoch 3 cannot follow epoch 1'],
  ['an epoch is taken', STARTED, on.leads(1), 'epoch 1 cannot follow epoch 1'],
  [
    'a deposed leader writes',
    [...STARTED, on.leads(2)],
    on.completed(1, 1, 5),
    'epoch 1 does not lead: epoch 2 does',
  ],
  ['nobody leads yet', [on.submitted()], on.started(1, 1, 0), 'epoch 1 does not lead: epoch 0 does'],
  ['an attempt is skipped', STARTED, on.started(1, 3, 0), 'attempt 3 cannot follow attempt 1'],
  [
    'an attempt starts from an older checkpoint',
    [...STARTED, on.completed(1, 1, 5)],
    on.started(1, 2, 0),
    'checkpoint 0 is not the newest one, 5',
  ],
  [
    'an attempt starts from nothing',
    [on.submitted(), on.leads(1)],
    on.started(1, 1, 0),
    'not the newest one, there is none',
  ],
  [
    'an earlier attempt completes',
    [...STARTED, on.started(1, 2, 0)],
    on.completed(1, 1, 5),
    'attempt 1 is not the current one, 2',
  ],
  [
    'a checkpoint comes twice',
    [...STARTED, on.completed(1, 1, 5)],
    on.completed(1, 1, 5),
    'checkpoint 5 is complete, 5 came too late',
  ],
  [
    'a lower one follows a higher',
    [...STARTED, on.completed(1, 1, 5)],
    on.completed(1, 1, 4),
    'checkpoint 5 is complete, 4 came too late',
  ],
  ['an id was not reserved', STARTED, on.completed(1, 1, 65), 'id 65 was not reserved by epoch 1'],
  [
    'an id was reserved by an epoch before',
    [...STARTED, on.leads(2)],
    on.completed(2, 1, 5),
    'id 5 was not reserved by epoch 2',
  ],
  [
    'the first checkpoint is not 0',
    [on.submitted(), on.leads(1)],
    on.completed(1, 0, 3),
    'the first checkpoint of this run is 0',
  ],
  ['a block is reserved twice', STARTED, on.reserved(1, 64), 'ids to 64 are reserved already'],
  ['what is released is not retained', STARTED, on.released(1, 3), 'checkpoint 3 is not retained'],
  ['the newest one is released', STARTED, on.released(1, 0), 'the newest checkpoint is what a restart takes'],
  ['nothing is released', STARTED, on.released(1), 'nothing is released'],
  ['an attempt starts of a run that is canceled', CANCELLING, on.started(1, 2, 0), 'is being canceled'],
  ['another takes a run over that is canceled', TAKEN, on.started(2, 2, 0), 'is being canceled'],
  ['it is canceled twice', CANCELLING, on.cancelling(1), 'the run is being canceled already'],
  [
    'a deposed leader promises to cancel it',
    [...STARTED, on.leads(2)],
    on.cancelling(1),
    'epoch 1 does not lead: epoch 2 does',
  ],
  ['it is canceled after its end', [...STARTED, on.ended(1)], on.cancelling(1), 'has ended (finished)'],
  ['the run has ended', [...STARTED, on.ended(1)], on.leads(2), 'the run has ended (finished)'],
])('when %s, then it is refused', (_, before, event, reason) => {
  expect(verdict(before, event)).toContain(reason)
})

test('when another takes over, then it reserves ids of its own above all before, and goes on', () => {
  const taken = [...STARTED, on.leads(2), on.reserved(2, 128)]
  expect(history(...taken).state.reserved).toEqual({ epoch: 2, from: 65, to: 128 })
  expect(verdict(taken, on.completed(2, 1, 65))).toBe('accepted')
  expect(verdict(taken, on.started(2, 2, 0))).toBe('accepted')
})

test('when one epoch reserves again, then what is left of the block before may still be used', () => {
  expect(verdict([...STARTED, on.reserved(1, 128)], on.completed(1, 1, 60))).toBe('accepted')
})

test('when a run starts from the checkpoint of another, then its first one has the id of that one', () => {
  const origin = { run: 'run0' as RunId, checkpoint: 42 as CheckpointId }
  const before: LogEvent[] = [{ type: 'submitted', run, job: 'click-count', origin }, on.leads(1)]
  expect(verdict(before, on.completed(1, 0, 0))).toBe('the first checkpoint of this run is 42')
  const started = [...before, on.completed(1, 0, 42), on.started(1, 1, 42), on.reserved(1, 106)]
  expect(history(...started).state.reserved).toEqual({ epoch: 1, from: 43, to: 106 })
})

test('when the log holds an event already, then asking for it again says so', () => {
  const of = history(...STARTED, on.completed(1, 1, 5), on.released(1, 0))
  expect(of.holds(on.completed(1, 1, 5))).toBe(true)
  expect(of.holds(on.completed(1, 1, 5, 'another manifest'))).toBe(false)
  expect(of.holds(on.completed(1, 1, 6))).toBe(false)
  expect(of.holds(on.reserved(1, 64))).toBe(true)
  expect(of.holds(on.reserved(1, 65))).toBe(false)
  expect(of.holds(on.released(1, 0))).toBe(true)
  expect(of.holds(on.started(1, 1, 0))).toBe(true)
  expect(of.holds(on.started(2 as Epoch, 1, 0)), 'by another epoch').toBe(false)
  expect(of.holds(on.cancelling(1))).toBe(false)
  expect(history(...CANCELLING).holds(on.cancelling(1))).toBe(true)
  expect(history(...TAKEN).holds(on.cancelling(2)), 'promised by whoever led before').toBe(true)
  expect(history(...TAKEN).holds(on.cancelling(1)), 'by one that was replaced').toBe(false)
})

test('when a run is to be canceled, then whoever takes it over reads so, and what was under way may be decided', () => {
  expect(history(...STARTED).state.isCancelling).toBeUndefined()
  expect(history(...TAKEN, on.reserved(2, 128)).state.isCancelling).toBe(true)
  expect(verdict(CANCELLING, on.completed(1, 1, 5))).toBe('accepted')
  expect(verdict(TAKEN, on.ended(2, 'canceled'))).toBe('accepted')
})

test('when entries do not fit together, then the log is damaged, and says where', () => {
  const entries = entriesOf(...STARTED)
  const [first, second, third, ...rest] = entries
  if (first === undefined || second === undefined || third === undefined) throw new Error('too short')
  const damaged = (why: string) =>
    expect.objectContaining({ code: 'RT1306', message: expect.stringContaining(why) })
  expect(() => JobHistory.of([first, third, ...rest])).toThrow(damaged('entry 3'))
  expect(() => JobHistory.of([first, { ...second, previous: 'another' }])).toThrow(
    damaged('after another entry'),
  )
  expect(() => JobHistory.of([first, { ...second, place: 7 }])).toThrow(damaged('entry 1 stands before it'))
  expect(() => JobHistory.empty.state).toThrow(damaged('empty'))
})
