import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { RetakeError } from '#src/kit/errors.js'
import type { RunId } from '#src/kit/ids.js'
import { FakeCluster, type } from './fake-cluster.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-run-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const JOB = join(folder, 'job.ts')
writeFileSync(
  JOB,
  `import { discard, generator, job } from 'retake'
  export default job('little', { parallelism: 3 }, (flow) =>
    flow.from('numbers', generator.source({ make: (_, i) => i, count: 10 })).to('nowhere', discard()))`,
)

const run = 'new0run' as RunId

function start(options: string[] = [], cluster = new FakeCluster(), isTerminal = false) {
  return { cluster, ...type(['run', JOB, ...options], cluster, {}, isTerminal) }
}

test('when a job runs on a cluster, then each step is told, and what becomes of it as in dev', async () => {
  const { cluster, code, talk, data } = start([
    '--param',
    'a=1',
    '--parallelism',
    '2',
    '--from-checkpoint',
    '12',
  ])
  await cluster.followed
  cluster.publish({ type: 'status', run, status: 'RUNNING', reason: undefined })
  cluster.end('finished')
  expect(await code).toBe(0)
  expect(data()).toBe('')
  expect(talk()).toMatch(
    /^retake [\d.]+ · cluster default at nats:\/\/127\.0\.0\.1:4222\n✔ bundled .*job\.ts, [\d.]+ KB {2}\d+ ms\n✔ graph .*2 subtasks, fingerprint \w+\n✔ submitted {2}little, run new0run {2}\d+ ms\n✔ running, .*\n✔ FINISHED after /,
  )
  expect(cluster.submissions).toEqual([
    {
      file: JOB,
      params: { a: '1' },
      parallelism: 2,
      fromCheckpoint: '12',
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      allowRepeatedRows: false,
    },
  ])
  expect(cluster.asked).toEqual(['submit', 'close'])
})

test.each([
  ['finished', 0],
  ['failed', 6],
  ['canceled', 7],
] as const)(
  'when the job ends as %s, then the command ends with %i, and with -o json says how',
  async (how, exit) => {
    const { cluster, code, data } = start(['-o', 'json'])
    await cluster.followed
    cluster.end(how)
    expect(await code).toBe(exit)
    const told = JSON.parse(data())
    expect(Object.keys(told)).toEqual(['run', 'job', 'outcome', 'checkpoint', 'error'])
    expect(told).toMatchObject({ run, job: 'little', outcome: how, checkpoint: 412 })
  },
)

test('when it is detached, then the id of the run comes out, and what to type next', async () => {
  const { code, data, talk } = start(['--detach'])
  expect(await code).toBe(0)
  expect(data()).toBe('new0run\n')
  expect(talk()).toContain('· see it: retake show little; end it: retake cancel little\n')
  const json = start(['--detach', '-o', 'json'])
  await json.code
  expect(JSON.parse(json.data())).toEqual({ run, job: 'little' })
})

test.each([
  ['interrupt', 130],
  ['terminate', 143],
  ['stop', 0],
] as const)(
  'when the order is to %s, then the job goes on and the command ends with %i',
  async (order, exit) => {
    const { cluster, code, talk, ...typed } = start([], new FakeCluster(), true)
    await cluster.followed
    typed.order('crash-slot')
    typed.order(order)
    expect(await code).toBe(exit)
    expect(talk()).toContain('c checkpoint · q leave it running')
    expect(talk()).toContain('· little goes on; see it: retake show new0run\n')
    expect(talk()).toContain('· end it: retake cancel new0run\n')
    expect(cluster.asked).toEqual(['submit', 'close'])
    // Nobody looks any more, and nothing keeps the process.
    typed.order('interrupt')
    expect(typed.exits).toEqual([130])
  },
)

test('when Ctrl-C comes before the answer to the submission, then it says that it may have come in', async () => {
  const cluster = new FakeCluster()
  let isAsked = () => {}
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve
  })
  cluster.submit = () => {
    isAsked()
    return new Promise(() => {})
  }
  const { order, exits, talk } = start([], cluster)
  await asked
  order('interrupt')
  expect(exits).toEqual([130])
  expect(talk()).toContain('it may have been submitted by now: retake list')
})

test('when c is pressed, then a checkpoint is taken and told', async () => {
  const { cluster, code, talk, clock, order } = start()
  await cluster.followed
  order('checkpoint')
  await clock.advance(0)
  expect(talk()).toContain('✔ checkpoint 414 is complete: 23 ms, 1.2 MB\n')
  cluster.end('finished')
  await code
})

test('when the cluster refuses the job, or cannot tell any more how it goes on, then the error says why', async () => {
  const refusing = new FakeCluster()
  refusing.refusal = new RetakeError('RT1209', { what: 'none', why: 'w', fix: 'f' })
  expect(await start([], refusing).code).toBe(3)
  const { cluster, code, talk } = start()
  await cluster.followed
  cluster.lose(new RetakeError('RT1506', { what: 'the connection ended', why: 'w', fix: 'f' }))
  expect(await code).toBe(4)
  expect(talk()).toContain('RT1506 the connection ended')
})
