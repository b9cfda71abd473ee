import { describe, expect, test } from 'vitest'
import { JobHistory } from '#src/cluster/job-history.js'
import type { JobLog } from '#src/cluster/job-log.js'
import type { LogEntry, LogEvent } from '#src/cluster/log-entry.js'
import { entriesOf, on, STARTED } from '../unit/cluster/fixtures.js'

/** What `make` gives: two hands at one log, as two leaders have them. */
export interface TwoHands {
  readonly one: JobLog
  readonly other: JobLog
}

/** What every job log must do, whatever keeps it. */
export function jobLogContract(name: string, make: () => Promise<TwoHands>): void {
  describe(name, () => {
    test('when nothing was written, then nothing is read', async () => {
      const { one } = await make()
      expect(await one.read()).toEqual([])
    })

    test('when entries are written, then both hands read them in order', async () => {
      const { one, other } = await make()
      const entries = entriesOf(...STARTED)
      for (const entry of entries) expect(await one.append(entry)).toBe('written')
      expect(JobHistory.of(await other.read()).state).toEqual(JobHistory.of(entries).state)
      expect((await other.read()).at(-1)).toMatchObject({ place: 5, nonce: 'nonce-5' })
    })

    test('when the same entry is written again and again, then each answer is the same, and it stands once', async () => {
      const { one, other } = await make()
      const entries = entriesOf(...STARTED)
      for (const entry of entries) {
        expect(await one.append(entry)).toBe('written')
        expect(await one.append(entry)).toBe('written')
        expect(await other.append(entry), 'a copy of the message lands late').toBe('written')
      }
      expect(JobHistory.of(await one.read()).place).toBe(5)
    })

    test('when two write to one place, then one is told that it is taken, and the other stands', async () => {
      const { one, other } = await make()
      const [first] = entriesOf(on.submitted())
      if (first === undefined) throw new Error('too short')
      expect(await one.append(first)).toBe('written')
      for (let round = 0; round < 20; round++) {
        const history = JobHistory.of(await one.read())
        const rivals = [rival(history, `a${round}`), rival(history, `b${round}`)] as const
        const answers = await Promise.all([one.append(rivals[0]), other.append(rivals[1])])
        expect([...answers].sort()).toEqual(['taken', 'written'])
        const winner = rivals[answers.indexOf('written')]
        expect((await one.read()).at(-1)?.nonce).toBe(winner?.nonce)
        const loser = rivals[answers.indexOf('taken')]
        if (loser === undefined) throw new Error('one of two lost')
        expect(await one.append(loser), 'asked again').toBe('taken')
        expect(await other.append(loser), 'asked again').toBe('taken')
      }
    })

    test('when many entries have been written, then the last ones are kept, and those say all', async () => {
      const { one, other } = await make()
      let history = JobHistory.empty
      for (const event of manyEvents(40)) {
        const verdict = history.propose(event, `n${history.place + 1}`)
        if (verdict.kind === 'refused') throw new Error(verdict.reason)
        expect(await one.append(verdict.entry)).toBe('written')
        history = history.followedBy(verdict.entry)
      }
      const kept = await other.read()
      expect(kept.length).toBeGreaterThanOrEqual(2)
      expect(kept.length).toBeLessThan(20)
      expect(JobHistory.of(kept).state).toEqual(history.state)
    })

    test('when an entry is written again after it was dropped, then the next one still tells whose it was', async () => {
      const { one, other } = await make()
      const entries: LogEntry[] = []
      let history = JobHistory.empty
      for (const event of manyEvents(20)) {
        const verdict = history.propose(event, `n${history.place + 1}`)
        if (verdict.kind === 'refused') throw new Error(verdict.reason)
        await one.append(verdict.entry)
        entries.push(verdict.entry)
        history = history.followedBy(verdict.entry)
      }
      const lowest = (await one.read())[0]?.place ?? 0
      const dropped = entries.find(({ place }) => place === lowest - 1)
      if (dropped === undefined) throw new Error('nothing was dropped')
      expect(await other.append(dropped)).toBe('written')
      expect(await other.append({ ...dropped, nonce: 'another' })).toBe('taken')
      expect(JobHistory.of(await one.read()).state).toEqual(history.state)
    })

    test('when a writer slept while its place was taken and dropped, then it has lost, and its entry never counts', async () => {
      const { one, other } = await make()
      const entries: LogEntry[] = []
      let history = JobHistory.empty
      let sleeper: LogEntry | undefined
      for (const event of manyEvents(40)) {
        const verdict = history.propose(event, `n${history.place + 1}`)
        if (verdict.kind === 'refused') throw new Error(verdict.reason)
        if (history.place === 3) sleeper = rival(history, 'sleeper')
        await one.append(verdict.entry)
        entries.push(verdict.entry)
        history = history.followedBy(verdict.entry)
      }
      if (sleeper === undefined) throw new Error('nobody slept')
      expect(await other.append(sleeper)).toBe('taken')
      expect(await other.append(sleeper)).toBe('taken')
      for (const hand of [one, other]) {
        expect(JobHistory.of(await hand.read()).state).toEqual(history.state)
      }
    })
  })
}

/** An entry that may stand next: a take-over. */
export function rival(history: JobHistory, nonce: string): LogEntry {
  const verdict = history.propose(on.leads(history.state.epoch + 1), nonce)
  if (verdict.kind === 'refused') throw new Error(verdict.reason)
  return verdict.entry
}

function manyEvents(completed: number): LogEvent[] {
  const events: LogEvent[] = [...STARTED]
  for (let id = 1; id <= completed; id++) events.push(on.completed(1, 1, id), on.released(1, id - 1))
  return events
}
