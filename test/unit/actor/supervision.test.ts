import { describe, expect, test } from 'vitest'
import type { RestartStrategy } from '#src/actor/restart-strategy.js'
import {
  type AutoShutdown,
  type ChildRules,
  type Restart,
  type Step,
  Supervision,
  type SupervisionStrategy,
} from '#src/actor/supervision.js'

/** The table of Erlang/OTP's supervisor, row by row, and where Retake differs. */

interface Setting {
  strategy?: SupervisionStrategy
  children: Record<string, Restart>
  significant?: readonly string[]
  autoShutdown?: AutoShutdown
  /** Restarts before giving up. */
  limit?: number
  delayMs?: number
}

/** Drives a supervision in words: 'start a', 'stop b', 'wake 100', 'end gave-up a'. */
function supervise(setting: Setting) {
  const { strategy = 'one-for-one', limit = Infinity, delayMs = 0 } = setting
  let failures = 0
  const restarts: RestartStrategy = {
    onFailure: () => (++failures <= limit ? { restart: true, delayMs } : { restart: false }),
  }
  const children = Object.entries(setting.children).map(
    ([id, restart]): ChildRules<string> => ({
      id,
      restart,
      significant: setting.significant?.includes(id) ?? false,
    }),
  )
  const supervision = new Supervision<string, string>({
    strategy,
    restarts,
    children,
    autoShutdown: setting.autoShutdown ?? 'never',
  })
  const said = (steps: Step<string, string>[]) => steps.map(inWords)
  const driver = {
    supervision,
    failures: () => failures,
    begin: (at = 0) => said(supervision.begin(at)),
    started: (id: string, at = 0) => said(supervision.onStarted(id, at)),
    startFailed: (id: string, at = 0) => said(supervision.onStartFailed(id, 'no start', at)),
    crashed: (id: string, at = 0) => said(supervision.onEnded(id, 'abnormal', 'crash', at)),
    ended: (id: string, at = 0) => said(supervision.onEnded(id, 'normal', 'done', at)),
    tick: (at: number) => said(supervision.onTick(at)),
    stop: (at = 0) => said(supervision.stop(at)),
    states: () => supervision.children().map(({ id, state }) => `${id} ${state}`),
    /** All start. */
    up() {
      driver.begin()
      for (const { id } of children) driver.started(id)
      return driver
    },
  }
  return driver
}

function inWords(step: Step<string, string>): string {
  switch (step.do) {
    case 'start':
    case 'stop':
      return `${step.do} ${step.id}`
    case 'wake':
      return `wake ${step.atMs}`
    case 'end':
      return step.why.kind === 'stopped' ? 'end stopped' : `end ${step.why.kind} ${step.why.id}`
  }
}

const abc = { a: 'permanent', b: 'permanent', c: 'permanent' } as const

describe('start-up', () => {
  test('when it begins, then children start left to right, each after the one before has started', () => {
    const s = supervise({ children: abc })
    expect(s.begin()).toEqual(['start a'])
    expect(s.started('a')).toEqual(['start b'])
    expect(s.started('b')).toEqual(['start c'])
    expect(s.started('c')).toEqual([])
    expect(s.supervision.phase).toBe('running')
  })

  test('when a start fails at start-up, then the started ones are stopped in reverse, it fails, and nothing is retried', () => {
    const s = supervise({ children: abc })
    s.begin()
    s.started('a')
    s.started('b')
    expect(s.startFailed('c')).toEqual(['stop b'])
    expect(s.ended('b')).toEqual(['stop a'])
    expect(s.ended('a')).toEqual(['end start-failed c'])
    expect(s.failures()).toBe(0)
  })
})

describe('one-for-one', () => {
  test('when a child dies, then only it is started again', () => {
    const s = supervise({ children: abc }).up()
    expect(s.crashed('b')).toEqual(['start b'])
    expect(s.states()).toEqual(['a up', 'b starting', 'c up'])
  })

  test('when two children die, then the slow start of one does not hold up the other', () => {
    const s = supervise({ children: abc }).up()
    expect(s.crashed('a')).toEqual(['start a'])
    expect(s.crashed('c')).toEqual(['start c'])
  })
})

describe('one-for-all', () => {
  test('when a child dies, then all others are stopped in reverse, then all start in order', () => {
    const s = supervise({ strategy: 'one-for-all', children: abc }).up()
    expect(s.crashed('b')).toEqual(['stop c'])
    expect(s.ended('c')).toEqual(['stop a'])
    expect(s.ended('a')).toEqual(['start a'])
    expect(s.started('a')).toEqual(['start b'])
    expect(s.started('b')).toEqual(['start c'])
  })

  test('when another child dies while the others are being stopped, then it is no second failure', () => {
    const s = supervise({ strategy: 'one-for-all', children: abc }).up()
    s.crashed('b')
    expect(s.crashed('a')).toEqual([])
    expect(s.ended('c')).toEqual(['start a'])
    expect(s.failures()).toBe(1)
  })

  test('when a transient child had ended normally, then it starts again with all', () => {
    const s = supervise({ strategy: 'one-for-all', children: { a: 'transient', b: 'permanent' } }).up()
    expect(s.ended('a')).toEqual([])
    expect(s.crashed('b')).toEqual(['start a'])
    expect(s.started('a')).toEqual(['start b'])
  })

  test('when a temporary child is taken along, then it is removed and does not come back', () => {
    const s = supervise({ strategy: 'one-for-all', children: { a: 'permanent', t: 'temporary' } }).up()
    expect(s.crashed('a')).toEqual(['stop t'])
    expect(s.ended('t')).toEqual(['start a'])
    expect(s.states()).toEqual(['a starting'])
  })
})

describe('rest-for-one', () => {
  test('when a child dies, then only those after it are stopped and started with it', () => {
    const s = supervise({ strategy: 'rest-for-one', children: { ...abc, d: 'permanent' } }).up()
    expect(s.crashed('b')).toEqual(['stop d'])
    expect(s.ended('d')).toEqual(['stop c'])
    expect(s.ended('c')).toEqual(['start b'])
    expect(s.started('b')).toEqual(['start c'])
    expect(s.started('c')).toEqual(['start d'])
    expect(s.states()[0]).toBe('a up')
  })

  test('when the last child dies, then it alone starts again', () => {
    const s = supervise({ strategy: 'rest-for-one', children: abc }).up()
    expect(s.crashed('c')).toEqual(['start c'])
  })
})

describe('permanent, transient, temporary', () => {
  const rows: readonly [Restart, 'normally' | 'abnormally', string[]][] = [
    ['permanent', 'normally', ['start x']],
    ['permanent', 'abnormally', ['start x']],
    ['transient', 'normally', []],
    ['transient', 'abnormally', ['start x']],
    ['temporary', 'normally', []],
    ['temporary', 'abnormally', []],
  ]
  test.each(rows)('when a %s child ends %s, then the steps are %j', (restart, how, steps) => {
    const s = supervise({ children: { x: restart } }).up()
    expect(how === 'normally' ? s.ended('x') : s.crashed('x')).toEqual(steps)
  })

  test('when a transient child has ended normally, then it stays known; a temporary one is forgotten', () => {
    const s = supervise({ children: { a: 'transient', b: 'temporary' } }).up()
    s.ended('a')
    s.ended('b')
    expect(s.states()).toEqual(['a down'])
  })

  test('when a temporary child dies under one-for-all, then nobody else is touched', () => {
    const s = supervise({ strategy: 'one-for-all', children: { a: 'permanent', t: 'temporary' } }).up()
    expect(s.crashed('t')).toEqual([])
    expect(s.states()).toEqual(['a up'])
  })
})

describe('limit and delay (the strategy decides, not intensity and period)', () => {
  test('when the strategy says no at the first failure, then it gives up: all stop in reverse', () => {
    const s = supervise({ children: abc, limit: 0 }).up()
    expect(s.crashed('b')).toEqual(['stop c'])
    expect(s.ended('c')).toEqual(['stop a'])
    expect(s.ended('a')).toEqual(['end gave-up b'])
    expect(s.supervision.phase).toBe('ended')
  })

  test('when the strategy names a delay, then the start waits for it; siblings run on', () => {
    const s = supervise({ children: abc, delayMs: 500 }).up()
    expect(s.crashed('b', 1_000)).toEqual(['wake 1500'])
    expect(s.tick(1_499)).toEqual(['wake 1500'])
    expect(s.tick(1_500)).toEqual(['start b'])
  })

  test('when stopping the others takes longer than the delay, then the start waits for both', () => {
    const s = supervise({
      strategy: 'one-for-all',
      children: { a: 'permanent', b: 'permanent' },
      delayMs: 500,
    }).up()
    expect(s.crashed('a', 0)).toEqual(['stop b', 'wake 500'])
    expect(s.tick(500)).toEqual([])
    expect(s.ended('b', 900)).toEqual(['start a'])
  })

  test('when a restart itself fails, then it counts and waits like any failure', () => {
    const s = supervise({ children: { a: 'permanent' }, delayMs: 100, limit: 2 }).up()
    s.crashed('a', 0)
    expect(s.tick(100)).toEqual(['start a'])
    expect(s.startFailed('a', 150)).toEqual(['wake 250'])
    expect(s.tick(250)).toEqual(['start a'])
    expect(s.startFailed('a', 260)).toEqual(['end gave-up a'])
  })

  test('when a restart fails under one-for-all, then what had started again is stopped again', () => {
    const s = supervise({ strategy: 'one-for-all', children: { a: 'permanent', b: 'permanent' } }).up()
    s.crashed('b')
    s.ended('a')
    expect(s.started('a')).toEqual(['start b'])
    expect(s.startFailed('b')).toEqual(['stop a'])
    expect(s.ended('a')).toEqual(['start a'])
  })

  test('when a permanent child ends normally too often, then that is a failure too', () => {
    const s = supervise({ children: { a: 'permanent' }, limit: 1 }).up()
    expect(s.ended('a')).toEqual(['start a'])
    s.started('a')
    expect(s.ended('a')).toEqual(['end gave-up a'])
  })
})

describe('stopping', () => {
  test('when it is stopped, then children stop right to left, each after the one behind it has ended', () => {
    const s = supervise({ children: abc }).up()
    expect(s.stop()).toEqual(['stop c'])
    expect(s.stop()).toEqual([])
    expect(s.ended('c')).toEqual(['stop b'])
    expect(s.crashed('b')).toEqual(['stop a'])
    expect(s.ended('a')).toEqual(['end stopped'])
  })

  test('when it is stopped while a child waits to be started again, then that child does not come back', () => {
    const s = supervise({ children: { a: 'permanent', b: 'permanent' }, delayMs: 100 }).up()
    s.crashed('b', 0)
    expect(s.stop(50)).toEqual(['stop a'])
    expect(s.tick(100)).toEqual([])
    expect(s.ended('a', 120)).toEqual(['end stopped'])
  })

  test('when it is stopped while a restart stops the others, then nothing starts again', () => {
    const s = supervise({ strategy: 'one-for-all', children: { a: 'permanent', b: 'permanent' } }).up()
    s.crashed('a')
    expect(s.stop()).toEqual([])
    expect(s.ended('b')).toEqual(['end stopped'])
  })
})

describe('significant children and auto-shutdown', () => {
  const both = { significant: ['a', 'b'] } as const
  test('when any is enough, then the first significant child that ends normally ends it', () => {
    const s = supervise({
      ...both,
      autoShutdown: 'any-significant',
      children: { a: 'transient', b: 'transient', c: 'permanent' },
    }).up()
    expect(s.ended('a')).toEqual(['stop c'])
    expect(s.ended('c')).toEqual(['stop b'])
    expect(s.ended('b')).toEqual(['end auto-shutdown a'])
  })

  test('when all are needed, then the last one ends it', () => {
    const s = supervise({
      ...both,
      autoShutdown: 'all-significant',
      children: { a: 'transient', b: 'temporary', c: 'permanent' },
    }).up()
    expect(s.ended('a')).toEqual([])
    expect(s.crashed('b')).toEqual(['stop c']) // temporary: any way
  })

  test('when a significant transient child crashes, then it is started again and ends nothing', () => {
    const s = supervise({
      significant: ['a'],
      autoShutdown: 'any-significant',
      children: { a: 'transient' },
    }).up()
    expect(s.crashed('a')).toEqual(['start a'])
  })

  test('when the supervision itself stops a significant child, then that ends nothing', () => {
    const s = supervise({
      strategy: 'one-for-all',
      significant: ['b'],
      autoShutdown: 'any-significant',
      children: { a: 'permanent', b: 'transient' },
    }).up()
    expect(s.crashed('a')).toEqual(['stop b'])
    expect(s.ended('b')).toEqual(['start a'])
    expect(s.supervision.phase).toBe('running')
  })

  test('when a permanent child is called significant, or nothing shuts down, then that is a bug of its author', () => {
    const permanent = {
      children: { a: 'permanent' },
      significant: ['a'],
      autoShutdown: 'any-significant',
    } as const
    expect(() => supervise(permanent)).toThrow(/permanent child is not significant/)
    expect(() => supervise({ children: { a: 'transient' }, significant: ['a'] })).toThrow(
      /needs auto-shutdown/,
    )
  })
})

describe('single children', () => {
  test('when a child is stopped by request, then it stays known, is not started, and can be started again', () => {
    const s = supervise({ children: abc }).up()
    expect(s.supervision.stopChild('b', 0).map(inWords)).toEqual(['stop b'])
    expect(s.ended('b')).toEqual([])
    expect(s.states()).toEqual(['a up', 'b down', 'c up'])
    expect(s.supervision.startChild('b', 0).map(inWords)).toEqual(['start b'])
  })

  test('when a child is removed, then only if it is down', () => {
    const s = supervise({ children: abc }).up()
    expect(s.supervision.removeChild('b')).toBe(false)
    s.supervision.stopChild('b', 0)
    s.ended('b')
    expect(s.supervision.removeChild('b')).toBe(true)
    expect(s.states()).toEqual(['a up', 'c up'])
  })

  test('when a child is added, then it starts, behind all others', () => {
    const s = supervise({ children: { a: 'permanent' } }).up()
    expect(s.supervision.addChild({ id: 'z', restart: 'permanent' }, 0).map(inWords)).toEqual(['start z'])
    s.started('z')
    expect(s.stop()).toEqual(['stop z'])
  })
})

test('when news of an earlier run comes late, then it changes nothing', () => {
  const s = supervise({ children: { a: 'permanent' }, delayMs: 100 }).up()
  s.crashed('a', 0)
  expect(s.crashed('a', 50)).toEqual(['wake 100'])
  expect(s.failures()).toBe(1)
})
