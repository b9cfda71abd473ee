import { expect, test } from 'vitest'
import { Adoption } from '#actors/adoption.js'
import type { SubtaskStanding } from '#actors/subtask-message.js'
import type { AdoptSlotAnswer } from '#actors/task-manager.js'
import { errorInfoOf } from '#src/kit/errors.js'
import type { SubtaskId } from '#src/kit/ids.js'
import { refTo } from './fake-context.js'

const SUBTASKS = ['0-0', '0-1', '1-0', '1-1'].map((id) => id as SubtaskId)
const COLLECTING = { kind: 'collecting' }
const BROKEN = { kind: 'broken' }
const error = errorInfoOf(new Error('out of memory'))

const running = (subtask: string): SubtaskStanding => ({
  subtask: subtask as SubtaskId,
  state: 'RUNNING',
  ended: false,
  final: false,
  splits: [],
})
const failed = (subtask: string): SubtaskStanding => ({
  subtask: subtask as SubtaskId,
  state: 'FAILED',
  error,
})
const slot = (index: number, ...subtasks: SubtaskStanding[]): AdoptSlotAnswer => ({
  kind: 'adopted',
  slot: refTo(`slot-${index}`),
  subtasks,
})
const gone = (why?: typeof error): AdoptSlotAnswer => ({ kind: 'gone', error: why })

test('when every slot has told and every subtask lives, then all goes on, slots in the order of their indices', () => {
  const adoption = new Adoption(SUBTASKS, 2)
  expect(adoption.onSlot(1, slot(1, running('0-1'), running('1-1')))).toEqual(COLLECTING)
  expect(adoption.onSlot(0, slot(0, running('0-0'), running('1-0')))).toEqual({
    kind: 'whole',
    slots: [refTo('slot-0'), refTo('slot-1')],
    subtasks: ['0-0', '1-0', '0-1', '1-1'].map(running),
  })
})

test('when a slot tells again, then what it told first counts', () => {
  const adoption = new Adoption(SUBTASKS, 2)
  adoption.onSlot(0, slot(0, running('0-0'), running('1-0')))
  expect(adoption.onSlot(0, gone())).toEqual(COLLECTING)
  expect(adoption.onSlot(1, slot(1, running('0-1'), running('1-1')))).toMatchObject({ kind: 'whole' })
})

test('when a subtask had failed, then the attempt has failed for that', () => {
  const adoption = new Adoption(SUBTASKS, 2)
  adoption.onSlot(0, slot(0, running('0-0'), running('1-0')))
  expect(adoption.onSlot(1, slot(1, running('0-1'), failed('1-1')))).toEqual({ kind: 'failed', error })
})

test('when a slot is gone for a reason, then the attempt has failed for that; without one it is nobody’s failure', () => {
  for (const [why, outcome] of [
    [error, { kind: 'failed', error }],
    [undefined, BROKEN],
  ] as const) {
    const adoption = new Adoption(SUBTASKS, 2)
    adoption.onSlot(0, slot(0, running('0-0'), running('1-0')))
    expect(adoption.onSlot(1, gone(why))).toEqual(outcome)
  }
})

test('when one slot is gone without a reason and another for one, then the attempt has failed for that', () => {
  const adoption = new Adoption(SUBTASKS, 2)
  expect(adoption.onSlot(0, gone())).toEqual(COLLECTING)
  expect(adoption.onSlot(1, gone(error))).toEqual({ kind: 'failed', error })
})

test('when a subtask was never deployed, then the attempt is of no use, and has not failed', () => {
  const adoption = new Adoption(SUBTASKS, 2)
  adoption.onSlot(0, slot(0, running('0-0'), running('1-0')))
  expect(adoption.onSlot(1, slot(1, running('0-1')))).toEqual(BROKEN)
})
