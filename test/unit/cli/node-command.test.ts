import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { NodeEvent, NodeProcessOptions, RunningNode } from '#actors/node-process.js'
import { COMMANDS } from '#src/cli/commands.js'
import type { Order } from '#src/cli/controls.js'
import type { ExitCode } from '#src/cli/exit-code.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { node } from '#src/cli/node-command.js'
import { type ErrorInfo, RetakeError } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { recordingTerminal } from './recording-terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-node-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A node that does nothing, and drains when a test says so. */
class FakeNode implements RunningNode {
  readonly asked: string[] = []
  options: NodeProcessOptions | undefined
  hasStarted = () => {}
  readonly started = new Promise<void>((resolve) => {
    this.hasStarted = resolve
  })
  hasDrained = () => {}
  hasEnded!: (error: ErrorInfo | undefined) => void
  readonly ended = new Promise<ErrorInfo | undefined>((resolve) => {
    this.hasEnded = resolve
  })

  say(event: NodeEvent): void {
    this.options?.onEvent(event)
  }

  drain(): Promise<void> {
    this.asked.push('drain')
    return new Promise((resolve) => {
      this.hasDrained = resolve
    })
  }

  kill(): void {
    this.asked.push('kill')
  }
}

async function start(args: string[] = [], refusal?: Error) {
  const command = COMMANDS.find(({ name }) => name === 'node')
  if (command === undefined) throw new Error('there is no node')
  const { terminal, talk, data } = recordingTerminal()
  const clock = new VirtualClock()
  const fake = new FakeNode()
  const exits: ExitCode[] = []
  let listener: (order: Order) => void = () => {}
  const code = node(parseInvocation(command, args), terminal, {
    clock,
    random: seededRandom(1),
    controls: {
      hasKeys: false,
      listen: (told) => {
        listener = told
        return () => {}
      },
    },
    startNode: async (options) => {
      fake.options = options
      fake.hasStarted()
      if (refusal !== undefined) throw refusal
      return fake
    },
    exitNow: (exit) => exits.push(exit),
  })
  await Promise.race([fake.started, code.catch(() => {})])
  await clock.settle()
  /** Without the time of day. */
  const said = () =>
    talk()
      .split('\n')
      .map((line) => line.replace(/^\d\d:\d\d:\d\d /, ''))
      .filter((line) => line !== '')
  return { fake, code, said, data, exits, clock, order: (order: Order) => listener(order) }
}

test('when nothing is said, then it has all roles, a slot for each CPU, and the name of the machine', async () => {
  const { fake, said, data } = await start()
  expect(fake.options).toMatchObject({
    name: hostname(),
    roles: ['job-manager', 'task-manager'],
    slots: availableParallelism(),
    labels: {},
    cluster: 'default',
    nats: { servers: ['nats://127.0.0.1:4222'] },
    stateDirectory: undefined,
    heartbeatTimeoutMs: 25_000,
    slotRequestMs: 300_000,
  })
  expect(said()[0]).toMatch(/^retake [\d.]+ · node \S+ · all roles · \d+ slots? · cluster default at nats:/)
  expect(data()).toBe('')
})

test('when everything is said, then it is so', async () => {
  const state = join(folder, 'state')
  const line = `--role task-manager --name node-7 --slots 3 --labels zone=a,disk=ssd --labels zone=b --state ${state}`
  const { fake, said } = await start([...line.split(' '), '--heartbeat-timeout', '3s', '--cluster', 'blue'])
  expect(fake.options).toMatchObject({
    name: 'node-7',
    roles: ['task-manager'],
    slots: 3,
    labels: { zone: 'b', disk: 'ssd' },
    stateDirectory: state,
    heartbeatTimeoutMs: 3_000,
    cluster: 'blue',
  })
  expect(said()[0]).toContain('node node-7 · task-manager · 3 slots · cluster blue at')
  expect((await start(['--role', 'job-manager'])).fake.options).toMatchObject({ slots: 0 })
})

test.each([
  [['--role', 'job-manager', '--slots', '2'], /a job manager has no slots/],
  [['--name', 'my node'], /the name of the node is "my node"/],
  [['--heartbeat-timeout', '2999ms'], /--heartbeat-timeout is "2999ms"/],
  [['--drain-timeout', 'soon'], /--drain-timeout is "soon"/],
  [['--labels', 'zone'], /--labels is "zone"/],
])('when %j is given, then it is a usage error', async (args, text) => {
  const { code } = await start(args)
  await expect(code).rejects.toMatchObject({ name: 'UsageError', message: expect.stringMatching(text) })
})

const EVENTS: readonly (readonly [NodeEvent, string])[] = [
  [{ type: 'waiting', reason: 'no job manager answers yet' }, '… waiting: no job manager answers yet'],
  [{ type: 'back' }, '✔ the job manager answers again'],
  [{ type: 'ready', node: 'node-7-ab' as NodeId, tookMs: 640 }, '✔ ready after 640 ms, as node-7-ab'],
  [
    { type: 'lost', reason: 'evicted' },
    '! was taken for dead: all that it ran is stopped, and goes on elsewhere; it comes back as a new one',
  ],
  [{ type: 'leads' }, '✔ leads the cluster'],
  [{ type: 'stands-by', leader: 'jm-1' }, '· stands by: jm-1 leads'],
  [
    { type: 'lost', reason: 'fenced' },
    '! heard nobody for too long: all that it ran is stopped; it comes back when it is heard again',
  ],
  [
    {
      type: 'warning',
      error: {
        name: 'RetakeError',
        message: 'm',
        code: 'RT1519',
        what: 'the clocks differ',
        why: 'w',
        fix: 'f',
      },
    },
    '! RT1519 the clocks differ',
  ],
  [{ type: 'draining', held: 2 }, '· draining: 2 slots still held'],
  [{ type: 'drained', tookMs: 1_240 }, '✔ drained after 1.2 s, bye'],
]

test.each(EVENTS)('when %j happens, then it is told as "%s"', async (event, line) => {
  const { fake, said } = await start()
  fake.say(event)
  expect(said()[1]).toBe(line)
})

test('when its log is JSON, then all that it says is, too', async () => {
  const { fake, said } = await start(['--log-format', 'json'])
  for (const [event] of EVENTS) fake.say(event)
  const lines = said().map((line) => JSON.parse(line))
  expect(lines).toHaveLength(EVENTS.length + 1)
  expect(lines[1]).toMatchObject({ level: 30, type: 'waiting', msg: 'waiting: no job manager answers yet' })
  expect(lines[4]).toMatchObject({ level: 40, type: 'lost', reason: 'evicted' })
})

test.each(['terminate', 'interrupt'] as const)(
  'when the order is to %s, then it drains and ends with 0',
  async (order) => {
    const told = await start()
    told.order(order)
    expect(told.fake.asked).toEqual(['drain'])
    told.fake.hasDrained()
    expect(await told.code).toBe(0)
    expect(told.exits).toEqual([])
    await told.clock.advance(120_000)
    expect(told.fake.asked).toEqual(['drain'])
  },
)

test.each([
  ['terminate', 'SIGTERM', 143],
  ['interrupt', 'SIGINT', 130],
] as const)('when it is told twice to %s, then it ends at once', async (order, signal, exit) => {
  const told = await start()
  told.order(order)
  told.order(order)
  expect(told.exits).toEqual([exit])
  expect(await told.code).toBe(exit)
  expect(told.fake.asked).toEqual(['drain', 'kill'])
  expect(told.said().slice(1)).toEqual([
    `· ${signal}: leaving within 1 min 00 s; a second signal ends it at once`,
    '■ a second signal: ended at once. Nothing durable is lost: its jobs go on from their newest checkpoints',
  ])
})

test('when draining takes too long, then it ends with the code of the signal', async () => {
  const told = await start(['--drain-timeout', '5s'])
  told.order('terminate')
  await told.clock.advance(4_999)
  expect(told.exits).toEqual([])
  await told.clock.advance(1)
  expect(told.exits).toEqual([143])
  expect(told.said().at(-1)).toMatch(/^■ draining took too long: ended at once/)
})

test('when it cannot join, or ends by itself, then the error comes out', async () => {
  const taken = new RetakeError('RT1516', { what: 'the name is taken', why: 'w', fix: 'f' })
  await expect((await start([], taken)).code).rejects.toBe(taken)
  const { fake, code } = await start()
  fake.hasEnded({
    name: 'RetakeError',
    message: 'm',
    code: 'RT1516',
    what: 'there is one',
    why: 'w',
    fix: 'f',
  })
  await expect(code).rejects.toMatchObject({ code: 'RT1516', what: 'there is one' })
})
