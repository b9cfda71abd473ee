import { describe, expect, test } from 'vitest'
import { Candidate } from '#src/cluster/candidate.js'
import type { Lease } from '#src/cluster/lease.js'
import type { NodeId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'

const OWN = 'own' as SystemId
const { leaseMs, leaseLookMs } = LIMITS

function lease(revision: number, system = 'other', isReleased = false): Lease {
  const name = `node-${system}`
  return { revision, holder: { node: name as NodeId, name, system: system as SystemId, isReleased } }
}

/** Looks at one and the same lease for so long. */
function watch(candidate: Candidate, seen: Lease, fromMs: number, forMs: number): void {
  for (let at = fromMs; at < fromMs + forMs; at += leaseLookMs) candidate.onRead(seen, at)
  candidate.onRead(seen, fromMs + forMs)
}

function leading(revision = 8): Candidate {
  const candidate = new Candidate(OWN)
  candidate.onRead(undefined, 0)
  candidate.onWritten(revision)
  return candidate
}

describe('who stands by', () => {
  test('when nobody has held the lease, then it reaches for the first revision', () => {
    const candidate = new Candidate(OWN)
    expect(candidate.next()).toEqual({ do: 'read' })
    candidate.onRead(undefined, 0)
    expect(candidate.next()).toEqual({ do: 'write', after: 0 })
    candidate.onWritten(1)
    expect([candidate.isLeading, candidate.revision]).toEqual([true, 1])
  })

  test('when a revision stays for less than its time, then it is left alone; for as long, it is taken', () => {
    const candidate = new Candidate(OWN)
    watch(candidate, lease(7), 100, leaseMs - 1)
    expect([candidate.next(), candidate.isAtRest]).toEqual([{ do: 'read' }, true])
    candidate.onRead(lease(7), 100 + leaseMs)
    expect([candidate.next(), candidate.isAtRest]).toEqual([{ do: 'write', after: 7 }, false])
    expect(candidate.other?.name).toBe('node-other')
  })

  test('when the revision changes, then the time begins anew', () => {
    const candidate = new Candidate(OWN)
    watch(candidate, lease(7), 0, leaseMs - 1)
    watch(candidate, lease(8), leaseMs, leaseMs - 1)
    expect(candidate.next()).toEqual({ do: 'read' })
  })

  test('when it could not look for a while, then that while does not count', () => {
    const candidate = new Candidate(OWN)
    for (const at of [0, 60_000, 120_000]) candidate.onRead(lease(7), at)
    expect(candidate.next()).toEqual({ do: 'read' })
  })

  test.each([
    ['was given back', lease(7, 'other', true)],
    ['is its own, from before', lease(7, OWN)],
  ])('when the lease %s, then nothing is waited for', (_, seen) => {
    const candidate = new Candidate(OWN)
    candidate.onRead(seen, 0)
    expect(candidate.next()).toEqual({ do: 'write', after: 7 })
  })

  test('when another was faster, then it watches that one from the beginning', () => {
    const candidate = new Candidate(OWN)
    watch(candidate, lease(7), 0, leaseMs)
    candidate.onWritten('taken')
    expect(candidate.next()).toEqual({ do: 'read' })
    candidate.onRead(lease(7), leaseMs) // an old view
    expect([candidate.isLeading, candidate.next()]).toEqual([false, { do: 'read' }])
  })

  test('when it is not known whether the lease was taken, then it looks', () => {
    const candidate = new Candidate(OWN)
    candidate.onRead(undefined, 0)
    candidate.onUnknown()
    expect([candidate.isLeading, candidate.next()]).toEqual([false, { do: 'read' }])
  })
})

describe('who leads', () => {
  test('when its writes are answered, then it goes on with each new revision', () => {
    const candidate = leading(8)
    candidate.onWritten(9)
    expect([candidate.next(), candidate.isAtRest]).toEqual([{ do: 'write', after: 9 }, true])
  })

  test('when a write is not answered, then the same is written again', () => {
    const candidate = leading(8)
    candidate.onUnknown()
    expect([candidate.isLeading, candidate.next()]).toEqual([true, { do: 'write', after: 8 }])
  })

  test('when the lease has another revision, then it still leads, and looks whose that is', () => {
    const candidate = leading(8)
    candidate.onWritten('taken')
    expect([candidate.isLeading, candidate.isAtRest, candidate.next()]).toEqual([true, false, { do: 'read' }])
  })

  test('when it is its own, because an answer was lost, then it goes on with it', () => {
    const candidate = leading(8)
    candidate.onWritten('taken')
    candidate.onRead(lease(9, OWN), 0)
    expect([candidate.isLeading, candidate.next()]).toEqual([true, { do: 'write', after: 9 }])
  })

  test('when what is shown is older than what it has written, then it looks again', () => {
    const candidate = leading(8)
    candidate.onWritten('taken')
    candidate.onRead(lease(8, OWN), 0)
    expect([candidate.isLeading, candidate.next()]).toEqual([true, { do: 'read' }])
  })

  test('when it is of another, then it leads no more, and watches that one', () => {
    const candidate = leading(8)
    candidate.onWritten('taken')
    candidate.onRead(lease(9), 0)
    expect([candidate.isLeading, candidate.next()]).toEqual([false, { do: 'read' }])
    watch(candidate, lease(9), leaseLookMs, leaseMs)
    expect(candidate.next()).toEqual({ do: 'write', after: 9 })
  })

  test('when another says that it leads since a later revision, then it looks; since an earlier one, not', () => {
    const candidate = leading(8)
    candidate.onSuperseded(7)
    expect(candidate.next()).toEqual({ do: 'write', after: 8 })
    candidate.onSuperseded(9)
    expect(candidate.next()).toEqual({ do: 'read' })
  })

  test.each([
    ['taken', { do: 'read' }],
    [9, { do: 'write', after: 9 }],
  ] as const)(
    'when that is told while it writes, and the answer is %s, then that one counts',
    (answer, next) => {
      const candidate = leading(8)
      candidate.onSuperseded(9)
      candidate.onWritten(answer)
      expect([candidate.isLeading, candidate.next()]).toEqual([true, next])
    },
  )

  test('when the store has lost the lease, then it writes it anew', () => {
    const candidate = leading(8)
    candidate.onWritten('taken')
    candidate.onRead(undefined, 0)
    expect([candidate.isLeading, candidate.next()]).toEqual([true, { do: 'write', after: 0 }])
  })
})
