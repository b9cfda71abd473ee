import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import type { JobHandle, JobSubmission, NodeOptions } from '#actors/node.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { COMMANDS } from '#src/cli/commands.js'
import type { Order } from '#src/cli/controls.js'
import { orderOf } from '#src/cli/controls.js'
import { type DevNode, dev } from '#src/cli/dev-command.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { systemClock } from '#src/kit/clock.js'
import { RetakeError } from '#src/kit/errors.js'
import type { Attempt, CheckpointId, RunId } from '#src/kit/ids.js'
import { until } from '../../support/until.js'
import { recordingTerminal } from './recording-terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-dev-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const JOB = join(folder, 'job.ts')
writeFileSync(
  JOB,
  `import { discard, generator, job } from 'retake'
  export default job('little', { parallelism: 3 }, (flow) =>
    flow.from('numbers', generator.source({ make: (_, i) => i, count: 10 })).to('nowhere', discard()))`,
)

const run = 'run0' as RunId
const COMPLETED: CheckpointRecord = {
  checkpoint: 5 as CheckpointId,
  attempt: 1 as Attempt,
  cause: 'on-demand',
  state: 'completed',
  triggeredAt: 0,
  durationMs: 12,
  bytes: 2_048,
  acknowledged: 3,
  subtasks: 3,
  slowest: undefined,
  failure: undefined,
}

/** A node that runs nothing: its job does what a test says, and what was asked of it is written down. */
class FakeNode implements DevNode {
  readonly asked: string[] = []
  readonly submissions: JobSubmission[] = []
  options: NodeOptions | undefined
  holdsRun = false
  hasOpenSlot = true
  refusal: Error | undefined
  #listener: (event: JobEvent) => void = () => {}
  #isFollowed!: () => void
  readonly followed = new Promise<void>((resolve) => {
    this.#isFollowed = resolve
  })

  publish(event: JobEvent): void {
    this.#listener(event)
  }

  end(outcome: 'finished' | 'canceled' | 'failed'): void {
    const error =
      outcome === 'failed'
        ? ({
            name: 'RetakeError',
            message: 'm',
            code: 'RT1601',
            what: 'it threw',
            why: 'w',
            fix: 'f',
          } as const)
        : undefined
    this.publish({ type: 'ended', run, outcome, error, checkpoint: 5 as CheckpointId })
  }

  async submit(submission: JobSubmission): Promise<JobHandle> {
    this.asked.push('submit')
    this.submissions.push(submission)
    if (this.refusal !== undefined) throw this.refusal
    return this.#handle()
  }

  async resume(): Promise<JobHandle | undefined> {
    this.asked.push('resume')
    return this.holdsRun ? this.#handle() : undefined
  }

  async crashSlot(): Promise<boolean> {
    this.asked.push('crash')
    return this.hasOpenSlot
  }

  async stop(): Promise<void> {
    this.asked.push('stop')
  }

  #handle(): JobHandle {
    const plan = { name: 'little', vertices: [], edges: [], fingerprint: 'ab'.repeat(32) }
    return {
      run,
      plan: plan as unknown as JobHandle['plan'],
      follow: (listener) => {
        this.#listener = listener
        this.#isFollowed()
      },
      cancel: async () => {
        this.asked.push('cancel')
        this.end('canceled')
      },
      checkpointNow: async () => COMPLETED,
      ended: new Promise(() => {}),
    }
  }
}

function start(options: string[] = [], node = new FakeNode()) {
  const command = COMMANDS.find(({ name }) => name === 'dev')
  if (command === undefined) throw new Error('there is no dev')
  const { terminal, talk, data } = recordingTerminal()
  let order: (order: Order) => void = () => {}
  const exits: number[] = []
  const code = dev(parseInvocation(command, [JOB, ...options]), terminal, {
    clock: systemClock,
    controls: {
      hasKeys: true,
      listen: (listener) => {
        order = listener
        return () => {}
      },
    },
    startNode: async (given) => {
      node.options = given
      return node
    },
    exitNow: (code) => exits.push(code),
  })
  // A refusal ends the waiting, too.
  const ready = Promise.race([node.followed, code.then(() => {})])
  ready.catch(() => {})
  return { node, code, ready, talk, data, exits, order: (wanted: Order) => order(wanted) }
}

test('when a job has finished, then dev ends with 0, and its temporary state is gone', async () => {
  const { node, code, ready, talk, data } = start()
  await ready
  expect(node.options?.slots).toBe(3)
  expect(existsSync(node.options?.stateDirectory ?? '')).toBe(true)
  node.end('finished')
  expect(await code).toBe(0)
  expect(node.asked).toEqual(['submit', 'stop'])
  expect(existsSync(node.options?.stateDirectory ?? '')).toBe(false)
  expect(data()).toBe('')
  expect(talk()).toMatch(
    /✔ bundled .*job\.ts, [\d.]+ KB {2}\d+ ms\n✔ graph .*fingerprint abababababab\n✔ submitted {2}little, run run0/,
  )
  expect(talk()).toContain('temporary state')
})

test('when slots and a nats-server are named, then the node has them, and the first line says so', async () => {
  const { node, code, ready, talk } = start(['--slots', '5', '--nats', 'nats://far:4222'])
  await ready
  expect(node.options).toMatchObject({ slots: 5, nats: { servers: 'nats://far:4222' } })
  expect(talk()).toContain('5 slots')
  expect(talk()).toContain('every channel over nats://far:4222')
  node.end('finished')
  await code
})

test.each([
  [[], ['warned', 'broke'], 'text'],
  [['--log-level', 'info'], ['told', 'warned', 'broke'], 'text'],
  [['--log-level', 'error'], ['broke'], 'text'],
  [['--log-level', 'debug', '--log-format', 'json'], ['whispered', 'told', 'warned', 'broke'], 'json'],
] as const)('when the options of its log are %j, then it says %j, as %s', async (options, said, format) => {
  const { node, code, ready, talk } = start([...options])
  await ready
  const before = talk().length
  const logger = node.options?.logger
  logger?.debug({}, 'whispered')
  logger?.info({}, 'told')
  logger?.warn({}, 'warned')
  logger?.error({}, 'broke')
  const lines = talk().slice(before).trim().split('\n')
  expect(lines.map((line) => said.find((word) => line.includes(word)))).toEqual(said)
  if (format === 'json') for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object')
  node.end('finished')
  await code
})

test('when a job fails, then dev ends with 6 and tells the cause and where to go on', async () => {
  const { node, code, ready, talk } = start(['--state', join(folder, 'failing')])
  await ready
  node.end('failed')
  expect(await code).toBe(6)
  expect(talk()).toMatch(/✘ FAILED after .*\nRT1601 it threw\n/)
  expect(talk()).toContain('--from-checkpoint 5')
})

test('when q is pressed without --state, then the run is canceled: 7', async () => {
  const { node, code, ready, talk, order } = start()
  await ready
  order('stop')
  expect(await code).toBe(7)
  expect(node.asked).toEqual(['submit', 'cancel', 'stop'])
  expect(talk()).toContain('the run is canceled, because its state is not kept')
})

test('when q is pressed with --state, then the run stays unended: 0, and the state is still there', async () => {
  const state = join(folder, 'kept')
  const { node, code, ready, talk, order } = start(['--state', state])
  await ready
  order('stop')
  expect(await code).toBe(0)
  expect(node.asked).toEqual(['resume', 'submit', 'stop'])
  expect(node.options?.stateDirectory).toBe(state)
  expect(existsSync(state)).toBe(true)
  expect(talk()).toContain('the run stays unended')
})

test.each([
  ['interrupt', 130],
  ['terminate', 143],
] as const)(
  'when the order is to %s, then it stops in the same way and ends with %i',
  async (wanted, exit) => {
    const { node, code, ready, order } = start()
    await ready
    order(wanted)
    expect(await code).toBe(exit)
    expect(node.asked).toEqual(['submit', 'cancel', 'stop'])
  },
)

test('when Ctrl-C comes twice, or before a job runs, then the process ends at once', async () => {
  const { code, ready, order, exits } = start()
  order('interrupt')
  expect(exits).toEqual([130])
  await ready
  order('stop')
  order('interrupt')
  expect(exits).toEqual([130, 130])
  await code
})

test('when the state holds an unended run, then it goes on with it', async () => {
  const node = new FakeNode()
  node.holdsRun = true
  const { code, ready, talk } = start(['--state', join(folder, 'kept')], node)
  await ready
  node.end('finished')
  expect(await code).toBe(0)
  expect(node.asked).toEqual(['resume', 'stop'])
  expect(talk()).toContain('✔ goes on    little, run run0')
})

test('when a checkpoint is named, then a new run begins with it, whatever the state holds', async () => {
  const node = new FakeNode()
  node.holdsRun = true
  const options = ['--state', join(folder, 'kept'), '--from-checkpoint', '12', '--allow-repeated-rows']
  const { code, ready } = start([...options, '--parallelism', '2', '--param', 'a=1'], node)
  await ready
  node.end('finished')
  expect(await code).toBe(0)
  expect(node.asked).toEqual(['submit', 'stop'])
  expect(node.submissions).toEqual([
    { file: JOB, params: { a: '1' }, parallelism: 2, fromCheckpoint: '12', allowRepeatedRows: true },
  ])
})

test('when k and c are pressed, then a slot crashes and a checkpoint is taken, and both are told', async () => {
  const { node, code, ready, talk, order } = start()
  await ready
  order('crash-slot')
  node.hasOpenSlot = false
  order('crash-slot')
  order('checkpoint')
  await until(() => talk().includes('checkpoint 5'), { what: 'the answers' })
  expect(talk()).toContain('· crashed a slot thread\n')
  expect(talk()).toContain('✔ checkpoint 5 is complete: 12 ms, 2.0 KB\n')
  node.end('finished')
  await code
})

test('when the node refuses the job, then the refusal comes out and the node is stopped', async () => {
  const node = new FakeNode()
  node.refusal = new RetakeError('RT1209', { what: 'w', why: 'y', fix: 'f' })
  const { code } = start(['--nats', 'nats://127.0.0.1:1'], node)
  await expect(code).rejects.toMatchObject({ code: 'RT1209' })
  expect(node.asked).toEqual(['submit', 'stop'])
  expect(node.options?.nats).toEqual({ servers: 'nats://127.0.0.1:1' })
})

test('when repeated rows are allowed for no checkpoint, then it is a usage error', async () => {
  await expect(start(['--allow-repeated-rows']).code).rejects.toMatchObject({ name: 'UsageError' })
})

test.each([
  ['k', 'crash-slot'],
  ['C', 'checkpoint'],
  ['q', 'stop'],
  ['\u0003', 'interrupt'],
  ['x', undefined],
])('when the key %j is pressed, then the order is %s', (key, order) => {
  expect(orderOf(key)).toBe(order)
})
