import { expect, test } from 'vitest'
import { isUnmanned, LeaderLine } from '#actors/leader-line.js'
import type { DescribeNodes, ResourceManagerMessage } from '#actors/resource-manager.js'
import type { Address, AskFailure } from '#src/actor/actor.js'
import { type ActorSystem, AskError } from '#src/actor/system.js'
import { errorInfoOf, RetakeError } from '#src/kit/errors.js'
import { LIMITS } from '#src/kit/limits.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { refTo } from './fake-context.js'

const LEADER = refTo<ResourceManagerMessage>('job-manager.node')
const QUESTION: DescribeNodes = { type: 'describe' }

/** A line whose questions come to what the list says, one after the other, and to the last of it for ever. */
function lineTo(...outcomes: readonly (AskFailure | 'ok')[]) {
  const clock = new VirtualClock()
  let asked = 0
  const ask = async () => {
    const outcome = outcomes[Math.min(asked++, outcomes.length - 1)]!
    if (outcome === 'ok') return 'ok'
    throw new AskError('job-manager.node' as Address, outcome)
  }
  const line = new LeaderLine({ clock, ask } as unknown as ActorSystem)
  const settled: { at: number; value?: unknown; error?: unknown }[] = []
  const settle = (answer: Promise<unknown>) =>
    void answer.then(
      (value) => settled.push({ at: clock.now(), value }),
      (error: unknown) => settled.push({ at: clock.now(), error }),
    )
  return {
    clock,
    settled,
    count: () => asked,
    ask: () => settle(line.ask(LEADER, QUESTION, { timeoutMs: 1_000 })),
    read: () => settle(line.read(LEADER, QUESTION, 4_000)),
  }
}

const NOBODY: AskFailure = { kind: 'no-responder' }

test('when nobody leads for a moment, then the question is put until somebody answers', async () => {
  const { clock, settled, ask } = lineTo(NOBODY, NOBODY, NOBODY, 'ok')
  ask()
  await clock.advance(10_000)
  expect(settled).toEqual([{ at: 3 * LIMITS.leaseLookMs, value: 'ok' }])
})

test('when nobody has ever answered, then it is given up soon; once somebody has, a leader is waited for', async () => {
  const unknown = lineTo(NOBODY)
  unknown.ask()
  await unknown.clock.advance(60_000)
  expect(unknown.settled[0]?.at).toBe(LIMITS.firstLeaderMs)
  expect(isUnmanned(unknown.settled[0]?.error)).toBe(true)

  const known = lineTo('ok', NOBODY)
  known.ask()
  await known.clock.advance(10)
  known.ask()
  await known.clock.advance(60_000)
  expect(known.settled[1]?.at).toBe(10 + LIMITS.leaderlessMs)
})

test('when it may have been heard, then it is not put again', async () => {
  const { clock, settled, count, ask } = lineTo({ kind: 'timed-out' }, 'ok')
  ask()
  await clock.advance(10_000)
  expect([count(), settled[0]?.error]).toMatchObject([1, { code: 'RT1517' }])
  expect(isUnmanned(settled[0]?.error)).toBe(false)
})

test('when what only is to be shown reached a leader in its last moment, then the next one is asked', async () => {
  const { clock, settled, count, read } = lineTo({ kind: 'timed-out' }, NOBODY, 'ok')
  read()
  await clock.advance(10_000)
  expect([count(), settled[0]?.value]).toEqual([3, 'ok'])
})

test('when it is refused, then with what it is refused for', async () => {
  const refusal = new RetakeError('RT1523', { what: 'no such run', why: 'it is new', fix: 'look' })
  const { clock, settled, ask } = lineTo({ kind: 'failed', error: errorInfoOf(refusal) })
  ask()
  await clock.advance(10)
  expect(settled[0]?.error).toMatchObject({ code: 'RT1523', what: 'no such run' })
})
