import { describe, expect, test } from 'vitest'
import { AttemptStop } from '#actors/attempt-stop.js'
import { JobAttempt } from '#actors/job-attempt.js'
import type { SlotGrant } from '#actors/resource-manager.js'
import type { Attempt, NodeId, SlotIndex } from '#src/kit/ids.js'
import { refTo } from './fake-context.js'

const [A, B] = ['a', 'b'] as [NodeId, NodeId]
const CANCELED = { outcome: 'canceled', error: undefined } as const
const FAILED = { outcome: 'failed', error: { name: 'Error', message: 'on purpose' } } as const

describe('what is waited for', () => {
  test('when every slot is closed, then the job ends as it was to', () => {
    const stop = new AttemptStop(attemptOn(A, B), FAILED, false)
    expect(stop.next).toBeUndefined()
    stop.onSlotClosed(0)
    expect(stop.next).toBeUndefined()
    stop.onSlotClosed(1)

    expect(stop.next).toEqual(FAILED)
  })

  test('when a slot is closed twice, then it stands for no other', () => {
    const stop = new AttemptStop(attemptOn(A, B), CANCELED, false)
    stop.onSlotClosed(0)
    stop.onSlotClosed(0)

    expect(stop.next).toBeUndefined()
  })

  test('when a task manager is lost, then its slots are not waited for, but those of others', () => {
    const stop = new AttemptStop(attemptOn(A, B, A), CANCELED, false)
    stop.onLost(A)
    expect(stop.next).toBeUndefined()
    stop.onSlotClosed(1)

    expect(stop.next).toEqual(CANCELED)
  })

  test('when a task manager was lost before, then its slots are not waited for', () => {
    const attempt = attemptOn(A)
    attempt.lost.add(A)

    expect(new AttemptStop(attempt, CANCELED, false).next).toEqual(CANCELED)
  })

  test('when nothing was started, then nothing is waited for', () => {
    expect(new AttemptStop(undefined, CANCELED, false).next).toEqual(CANCELED)
    expect(new AttemptStop(attemptOf('proposed', A), CANCELED, false).next).toEqual(CANCELED)
  })
})

describe('before a restart', () => {
  test('when every slot is closed and the delay is over, then the next attempt comes, in whichever order', () => {
    const [first, second] = [0, 1].map(() => new AttemptStop(attemptOn(A), 'restart', false))
    first?.onSlotClosed(0)
    expect(first?.next).toBeUndefined()
    first?.onDue()
    second?.onDue()
    expect(second?.next).toBeUndefined()
    second?.onSlotClosed(0)

    expect([first?.next, second?.next]).toEqual(['restart', 'restart'])
  })

  test('when there is no delay, then only the slots are waited for', () => {
    expect(new AttemptStop(undefined, 'restart', true).next).toBe('restart')
  })

  test('when it is not known whether the log has the start, then the next attempt waits, for it has no number', () => {
    const attempt = attemptOf('proposed', A)
    const stop = new AttemptStop(attempt, 'restart', true)
    expect(stop.next).toBeUndefined()
    attempt.start = 'refused'

    expect(stop.next).toBe('restart')
  })
})

describe('a cancel meanwhile', () => {
  test('when a restart was to follow, then the job ends once the slots are closed, without the delay', () => {
    const stop = new AttemptStop(attemptOn(A), 'restart', false)
    expect(stop.endsWith(CANCELED)).toBe(true)
    expect(stop.next).toBeUndefined()
    stop.onSlotClosed(0)

    expect(stop.next).toEqual(CANCELED)
  })

  test('when the job was to end anyway, then it ends as it was going to', () => {
    const stop = new AttemptStop(undefined, FAILED, false)

    expect(stop.endsWith(CANCELED)).toBe(false)
    expect(stop.next).toEqual(FAILED)
  })
})

function attemptOn(...nodes: readonly NodeId[]): JobAttempt {
  return attemptOf('logged', ...nodes)
}

/** Slot i on node i. */
function attemptOf(start: JobAttempt['start'], ...nodes: readonly NodeId[]): JobAttempt {
  const slots = nodes.map(
    (node, slot): SlotGrant => ({ node, taskManager: refTo(`tm-${node}`), slot: slot as SlotIndex }),
  )
  const attempt = new JobAttempt(1 as Attempt, slots, [])
  attempt.start = start
  return attempt
}
