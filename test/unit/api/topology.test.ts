import { expect, test } from 'vitest'
import { discard, forward, hash, of, operator, state, type Topology, topology } from '#src/api/index.js'
import { planOf } from '#src/graph/plan-of.js'
import { type Click, clicks, table } from '../graph/click-count.js'
import { RunningChain } from '../operator/running-chain.js'

interface Total {
  readonly userId: string
  readonly clicks: number
}

const Counter = operator({
  receives: { click: of<Click>() },
  emits: { total: of<Total>() },
  state: { n: state.value(0) },
  on: {
    click(click, ctx) {
      ctx.state.n.update((n) => n + 1)
      ctx.emit.total({ userId: click.userId, clicks: ctx.state.n.get() })
    },
  },
})

/** Sums what comes in at one port, tells it when asked at the other, and complains elsewhere. */
const Account = operator({
  receives: { deposit: of<{ user: string; amount: number }>(), ask: of<{ who: string }>() },
  emits: { balance: of<{ user: string; balance: number }>(), alarm: of<string>() },
  state: { balance: state.value(0) },
  on: {
    deposit({ user, amount }, ctx) {
      if (amount < 0) ctx.emit.alarm(`${user} owes`)
      else ctx.state.balance.update((balance) => balance + amount)
      ctx.timers.in('1s', 'later')
    },
    ask({ who }, ctx) {
      ctx.emit.balance({ user: who, balance: ctx.state.balance.get() })
    },
  },
  onTimer(timer, ctx) {
    ctx.emit.alarm(`${String(ctx.key)} ${timer.tag ?? ''}`)
  },
})

test('when operators are laid out by hand, then the plan is as laid out', () => {
  const plan = planOf(
    topology('count', (t) => {
      const source = t.source('clicks', clicks)
      const counter = t.operator('count', Counter, { parallelism: 4 })
      const sink = t.sink('table', table)
      t.connect(
        source.out,
        counter.in.click,
        hash((click) => click.userId),
      )
      t.connect(counter.out.total, sink.in)
    }).build({ parallelism: 2 }),
  )
  expect(plan.vertices.map(({ name, parallelism }) => [name, parallelism])).toEqual([
    ['clicks', 2],
    ['count', 4],
    ['table', 2],
  ])
  expect(plan.edges.map(({ partitioner }) => partitioner)).toEqual(['hash', 'hash'])
})

test('when an operator has one port on each side, then records travel as they are', async () => {
  const built = topology('count', (t) => {
    const counter = t.operator('count', Counter)
    t.connect(
      t.source('clicks', clicks).out,
      counter.in.click,
      hash((click) => click.userId),
    )
    t.connect(counter.out.total, t.sink('out', discard()).in, forward)
  })
  const running = await RunningChain.opened(built, { vertex: 0 })
  running.process(click('a'), click('b'), click('a'))
  expect(running.written['out']).toEqual([
    { userId: 'a', clicks: 1 },
    { userId: 'b', clicks: 1 },
    { userId: 'a', clicks: 2 },
  ])
})

test('when an operator has several ports, then each record finds its own, and state is shared by key', async () => {
  const built = topology('account', account)
  const graph = built.build()
  expect(graph.vertices.map(({ name }) => name)).toEqual([
    'deposits → account.deposit-0',
    'questions → account.ask-1',
    'account → account.balance → balances → account.alarm → alarms',
  ])
  const running = await RunningChain.opened(built, { vertex: 2 })
  const tagged = (vertex: number, record: unknown) => {
    const map = graph.vertices[vertex]?.nodes[1]?.operator
    return map?.kind === 'map' ? map.map(record) : undefined
  }
  running.process(
    tagged(0, { user: 'a', amount: 3 }),
    tagged(1, { who: 'a' }),
    tagged(0, { user: 'a', amount: 4 }),
    tagged(0, { user: 'b', amount: -1 }),
    tagged(1, { who: 'a' }),
  )
  expect(running.written['balances']).toEqual([
    { user: 'a', balance: 3 },
    { user: 'a', balance: 7 },
  ])
  expect(running.written['alarms']).toEqual(['b owes'])

  running.chain.fireTimers(running.clock.wallTime() + 1_000)
  expect(running.written['alarms']).toEqual(['b owes', 'a later', 'b later'])
})

test.each<[string, string, (t: Topology) => void]>([
  [
    'a port of an operator is not connected',
    'RT1009',
    (t) => {
      t.source('clicks', clicks)
      const counter = t.operator('count', Counter)
      t.connect(counter.out.total, t.sink('out', discard()).in)
    },
  ],
  [
    'an operator is reached by something else than a hash',
    'RT1009',
    (t) => t.connect(t.source('clicks', clicks).out, t.operator('count', Counter).in.click, forward),
  ],
  [
    'a keyed sink is reached by something else than its key',
    'RT1009',
    (t) => {
      const counter = t.operator('count', Counter)
      t.connect(counter.out.total, t.sink('table', table).in, forward)
    },
  ],
  [
    'operators are connected in a circle',
    'RT1015',
    (t) => {
      const Again = operator({
        receives: { n: of<number>() },
        emits: { n: of<number>() },
        on: { n: () => {} },
      })
      const [one, two] = [t.operator('one', Again), t.operator('two', Again)]
      const byItself = hash((n: number) => n)
      t.connect(one.out.n, two.in.n, byItself)
      t.connect(two.out.n, one.in.n, byItself)
      t.connect(t.source('clicks', clicks).out, t.sink('out', discard()).in)
    },
  ],
])('when %s, then it is refused with %s', (_, code, build) => {
  expect(() => topology('refused', build).build()).toThrow(expect.objectContaining({ code }))
})

function account(t: Topology): void {
  const deposits = t.source('deposits', {
    ...clicks,
    '~record': undefined as never as { user: string; amount: number },
  })
  const questions = t.source('questions', { ...clicks, '~record': undefined as never as { who: string } })
  const vertex = t.operator('account', Account)
  t.connect(
    deposits.out,
    vertex.in.deposit,
    hash((deposit) => deposit.user),
  )
  t.connect(
    questions.out,
    vertex.in.ask,
    hash((question) => question.who),
  )
  t.connect(vertex.out.balance, t.sink('balances', discard()).in)
  t.connect(vertex.out.alarm, t.sink('alarms', discard()).in)
}

function click(userId: string): Click {
  return { userId, url: '/', loggedIn: true }
}
