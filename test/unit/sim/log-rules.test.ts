import { expect, test } from 'vitest'
import type { LogEntry, LogEvent, LogState } from '#src/cluster/log-entry.js'
import type { Attempt, CheckpointId, Epoch, RunId } from '#src/kit/ids.js'
import { LogRules } from '../../sim/log-rules.js'
import { entriesOf, manifest, on, run, STARTED } from '../cluster/fixtures.js'

function follow(...entries: readonly LogEntry[]): void {
  const rules = new LogRules(run)
  for (const entry of entries) rules.follow(entry)
}

/** What follows `events`: `event`, though nobody should have written it, as an entry that is right in all but `wrong`. */
function next(events: readonly LogEvent[], event: LogEvent, wrong: Partial<LogEntry> = {}): LogEntry[] {
  const before = entriesOf(...events)
  const last = before.at(-1)
  if (last === undefined) throw new Error('too short')
  const { place, nonce, after } = last
  return [...before, { place: place + 1, nonce: 'next', previous: nonce, event, after, ...wrong }]
}

/** The same for an event that may be written: only what it says of the state is changed. */
function said(events: readonly LogEvent[], changed: Partial<LogState>): LogEntry[] {
  const entries = entriesOf(...events)
  return entries.map((entry, index) =>
    index < entries.length - 1 ? entry : { ...entry, after: { ...entry.after, ...changed } },
  )
}

const RETAINED = [...STARTED, on.completed(1, 1, 1), on.completed(1, 1, 2)]

test.each([
  ['a run that goes on', RETAINED],
  ['checkpoints that go', [...RETAINED, on.released(1, 0, 1), on.completed(1, 1, 9), on.released(1, 2)]],
  [
    'a take-over',
    [...RETAINED, on.leads(2), on.reserved(2, 128), on.started(2, 2, 2), on.completed(2, 2, 65)],
  ],
  [
    'a take-over in the middle of an attempt',
    [...RETAINED, on.reserved(1, 128), on.leads(2), on.reserved(2, 192), on.completed(2, 1, 129)],
  ],
  ['a run that ends', [...RETAINED, on.ended(1)]],
  ['a run that is canceled', [...RETAINED, on.cancelling(1), on.completed(1, 1, 3), on.ended(1, 'canceled')]],
  ['a run that ends while it is canceled', [...RETAINED, on.cancelling(1), on.ended(1)]],
  ['a cancel that is taken over', [...RETAINED, on.cancelling(1), on.leads(2), on.ended(2, 'canceled')]],
  [
    'a run that starts from another’s checkpoint',
    [
      {
        type: 'submitted',
        run,
        job: 'j',
        origin: { run: 'run0' as RunId, checkpoint: 40 as CheckpointId },
      } as const,
      on.leads(1),
      on.completed(1, 0, 40),
      on.started(1, 1, 40),
      on.reserved(1, 104),
      on.completed(1, 1, 41),
    ],
  ],
] satisfies [string, LogEvent[]][])(
  'when a log is right (%s), then the rules have nothing to say',
  (_, events) => {
    expect(() => follow(...entriesOf(...events))).not.toThrow()
  },
)

const SUBMITTED = [on.submitted()]
const CANCELLING = [...RETAINED, on.cancelling(1)]
const TAKEN_OVER = [...RETAINED, on.leads(2), on.reserved(2, 128)]

test.each<[rule: string, entries: LogEntry[]]>([
  ['the place after 5 is the next one', next(STARTED, on.leads(2), { place: 7 })],
  ['the place after 5 is the next one', next(STARTED, on.leads(2), { place: 5 })],
  ['an entry names the one before it', next(STARTED, on.leads(2), { previous: 'nonce-4' })],
  ['no nonce is used twice', next(STARTED, on.leads(2), { nonce: 'nonce-3' })],
  [
    'a log begins with its submission',
    entriesOf(...STARTED)
      .slice(1, 2)
      .map((e) => ({ ...e, place: 1, previous: undefined }) as LogEntry),
  ],
  ['a log begins with its submission', next(STARTED, on.submitted())],
  ['a log is of one run', entriesOf({ type: 'submitted', run: 'other' as RunId, job: 'j' })],
  ['nothing follows the end', next([...STARTED, on.ended(1)], on.leads(2))],
  ['only epoch 2 writes, which leads', next(TAKEN_OVER, on.completed(1, 1, 3))],
  ['only epoch 2 writes, which leads', next(TAKEN_OVER, on.released(1, 1))],
  ['only epoch 2 writes, which leads', next(TAKEN_OVER, on.ended(1))],
  ['only epoch 2 writes, which leads', next(TAKEN_OVER, on.started(1, 2, 2))],
  ['only epoch 0 writes, which leads', next(SUBMITTED, on.completed(1, 0, 0))],
  ['the epoch after 2 is the next one', next(TAKEN_OVER, on.leads(2))],
  ['the epoch after 2 is the next one', next(TAKEN_OVER, on.leads(4))],
  ['ids are reserved once, and rise', next(TAKEN_OVER, on.reserved(2, 128))],
  ['the attempt after 1 is the next one', next(RETAINED, on.started(1, 1, 2))],
  ['the attempt after 1 is the next one', next(RETAINED, on.started(1, 3, 2))],
  ['starts from the newest checkpoint, which is 2', next(RETAINED, on.started(1, 2, 1))],
  ['only attempt 1 completes checkpoints', next(RETAINED, on.completed(1, 0, 3))],
  ['only attempt 2 completes checkpoints', next([...RETAINED, on.started(1, 2, 2)], on.completed(1, 1, 3))],
  ['ids rise for ever, and 2 is complete', next(RETAINED, on.completed(1, 1, 2))],
  ['ids rise for ever, and 2 is complete', next([...RETAINED, on.released(1, 1)], on.completed(1, 1, 1))],
  ['the first one is 0', next([...SUBMITTED, on.leads(1)], on.completed(1, 0, 7))],
  ['epoch 1 has the ids above 0 to 64', next(RETAINED, on.completed(1, 1, 65))],
  ['epoch 2 has the ids above 64 to 128', next(TAKEN_OVER, on.completed(2, 1, 3))],
  ['epoch 2 has the ids above 64 to 64', next([...RETAINED, on.leads(2)], on.completed(2, 1, 3))],
  ['only epoch 2 writes, which leads', next(TAKEN_OVER, on.cancelling(1))],
  ['nothing starts of a run that is to be canceled', next(CANCELLING, on.started(1, 2, 2))],
  ['is written once', next([...CANCELLING, on.leads(2)], on.cancelling(2))],
  ['whoever takes over a run that is to be canceled', next([...CANCELLING, on.leads(2)], on.ended(2))],
  ['it says whether it is to be canceled', said(RETAINED, { isCancelling: true })],
  ['something is released', next(RETAINED, on.released(1))],
  ['only what is retained is released', next(RETAINED, on.released(1, 5))],
  ['the newest checkpoint stays', next(RETAINED, on.released(1, 2))],
  ['an entry says of which run it is', said(RETAINED, { run: 'other' as RunId })],
  ['it says that epoch 1 leads', said(RETAINED, { epoch: 2 as Epoch })],
  ['it says that attempt 1 is the current one', said(RETAINED, { attempt: 2 as Attempt })],
  [
    'it says that 0,1,2 are retained',
    said(RETAINED, {
      retained: [{ checkpoint: 2 as CheckpointId, attempt: 1 as Attempt, manifest: manifest('manifest') }],
    }),
  ],
  ['its manifest is the one retained', said(RETAINED, { retained: [] })],
  ['it says whether the run has ended', said(RETAINED, { ended: { outcome: 'failed' } })],
  ['it says whether the run has ended', said([...RETAINED, on.ended(1)], { ended: undefined })],
  ['a reservation is its epoch’s', said(TAKEN_OVER, { reserved: undefined })],
  [
    'no epoch has ids of another',
    said(TAKEN_OVER, { reserved: { epoch: 2 as Epoch, from: 64 as CheckpointId, to: 128 as CheckpointId } }),
  ],
])('when a log is wrong, then the rule is named: %s', (rule, entries) => {
  expect(() => follow(...entries.slice(0, -1))).not.toThrow()
  expect(() => follow(...entries)).toThrow(rule)
})
