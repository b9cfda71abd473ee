import { expect, test } from 'vitest'
import { LeaderLine } from '#actors/leader-line.js'
import type { DescribeNodes } from '#actors/resource-manager.js'
import type { Address } from '#src/actor/actor.js'
import { type ActorSystem, AskError } from '#src/actor/system.js'
import { findingJson } from '#src/cli/cluster-json.js'
import { type Check, type DoctorOptions, examine, Visit } from '#src/cli/doctor.js'
import { CLUSTER_CHECKS } from '#src/cli/doctor-cluster.js'
import { type CheckName, type Finding, failed, ok, warning } from '#src/cli/doctor-finding.js'
import { MACHINE_CHECKS } from '#src/cli/doctor-machine.js'
import { FindingLines, totalsOf, totalText } from '#src/cli/doctor-text.js'
import { PLAIN } from '#src/cli/palette.js'
import { RetakeError } from '#src/kit/errors.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { pageOf, sectionOf } from '../../house/docs.js'
import { refTo } from '../actors/fake-context.js'
import { FakeCluster, NOW, nodeOf } from './fake-cluster.js'

const MACHINE = {
  nodeVersion: '20.20.2',
  host: 'here',
  cpus: 2,
  memoryBytes: 16 * 1024 ** 3,
  memoryLimitBytes: undefined,
  version: '0.1.0',
  protocol: 1,
}

const TOO_SMALL = new RetakeError('RT1504', { what: 'it is small', why: 'frames are large', fix: 'raise it' })

function visitOf(more: Partial<DoctorOptions> = {}, cluster = new FakeCluster()) {
  const clock = new VirtualClock(NOW)
  const waited: string[] = []
  const visit = new Visit({
    nats: { servers: ['nats://127.0.0.1:4222'] },
    cluster: 'default',
    name: undefined,
    user: 'job-manager',
    groups: { control: ['jm', 'tm'], data: ['tm'] },
    stateDirectory: undefined,
    machine: MACHINE,
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    connect: async () => cluster,
    waiting: (what, work) => {
      waited.push(what)
      return work
    },
    ...more,
  })
  return { visit, clock, waited }
}

async function foundBy(checks: readonly Check[], visit: Visit): Promise<Finding[]> {
  const findings: Finding[] = []
  for await (const finding of examine(checks, visit)) findings.push(finding)
  return findings
}

function check(name: CheckName, needs: CheckName[], find: Check['find']): Check {
  return { name, needs, find }
}

/** Of a cluster that answers. */
async function ofCluster(more: Partial<DoctorOptions> = {}, cluster = new FakeCluster()) {
  const findings = await foundBy(CLUSTER_CHECKS, visitOf(more, cluster).visit)
  return { findings, of: (name: CheckName) => findings.filter((finding) => finding.check === name) }
}

test('when a check fails, then what needs it is left out with the reason, at any distance, and the rest is not', async () => {
  const findings = await foundBy(
    [
      check('nats', [], async () => ok('nats', 'there')),
      check('max-payload', ['nats'], () => Promise.reject(TOO_SMALL)),
      check('inbox', ['max-payload'], () => expect.fail('it is left out')),
      check('write', ['nats', 'inbox'], () => expect.fail('it is left out')),
      check('headers', ['nats'], async () => ok('headers', 'on')),
    ],
    visitOf().visit,
  )
  expect(findings.map(({ check: name, status, what }) => `${name} ${status}: ${what}`)).toEqual([
    'nats ok: there',
    'max-payload failed: it is small',
    'inbox skipped: because max-payload failed',
    'write skipped: because max-payload failed',
    'headers ok: on',
  ])
})

test('when something is no failure, but not there, then what needs it is left out with another reason', async () => {
  const absent: Finding = {
    ...warning('job-manager', { what: 'nobody', why: 'w', fix: 'start one' }),
    isAbsent: true,
  }
  const findings = await foundBy(
    [
      check('job-manager', [], async () => absent),
      check('slots', ['job-manager'], () => expect.fail('it is left out')),
    ],
    visitOf().visit,
  )
  expect(findings[1]).toMatchObject({ status: 'skipped', what: 'because there is no job-manager yet' })
  expect(totalsOf(findings)).toEqual({ problems: 0, warnings: 1 })
})

test('when a step is never answered, then it fails in time, and the examination goes on and says that it is stuck', async () => {
  const { visit, clock, waited } = visitOf({ stepMs: 500 })
  const never = check('nats', [], async (one) => {
    await one.step('connecting to NATS', new Promise(() => {}))
    return ok('nats', 'there')
  })
  const all = foundBy([never, ...MACHINE_CHECKS], visit)
  await clock.advance(499)
  await clock.advance(1)
  const [first, ...others] = await all
  expect(first).toMatchObject({
    status: 'failed',
    code: 'RT1501',
    what: 'connecting to NATS takes longer than 500 ms',
  })
  expect(others.map(({ status }) => status)).toEqual(['ok', 'ok'])
  expect(waited).toEqual(['connecting to NATS'])
  expect(await visit.close()).toBe('stuck')
})

test('when what was opened does not close, then that is not waited for', async () => {
  const { visit, clock } = visitOf()
  visit.onClose(() => new Promise(() => {}))
  const closed = visit.close()
  await clock.advance(2_000)
  expect(await closed).toBe('stuck')
  expect(await visitOf().visit.close()).toBe('closed')
})

test('when a check throws what is no error of ours, then that is a bug, and comes out', async () => {
  const broken = check('nats', [], () => Promise.reject(new TypeError('undefined is no server')))
  await expect(foundBy([broken], visitOf().visit)).rejects.toThrow(TypeError)
})

test.each([
  ['18.20.4', 'failed'],
  ['20.18.3', 'failed'],
  ['20.19.0', 'ok'],
  ['24.1.0', 'ok'],
])('when Node is %s, then that is %s', async (nodeVersion, status) => {
  const { visit } = visitOf({ machine: { ...MACHINE, nodeVersion } })
  const [node] = await foundBy(MACHINE_CHECKS, visit)
  expect(node).toMatchObject({ status })
  if (status === 'failed') expect(node?.fix).toBe('install Node 20.19 or newer')
})

test('when a cluster is well, then all about it is ok', async () => {
  const cluster = new FakeCluster()
  cluster.statuses = [nodeOf('a'), nodeOf('b', { roles: ['task-manager'], fencedWrites: 3, clockSkewMs: -7 })]
  const { findings } = await ofCluster({}, cluster)
  expect(findings.map(({ check: name, status, what }) => `${name} ${status}: ${what}`)).toEqual([
    'job-manager ok: a on a.example, process 4711, retake 0.1.0',
    'nodes ok: 2 nodes: a (all roles), b (task-manager); 3 fenced writes',
    'protocol ok: 1, retake 0.1.0 everywhere',
    'slots ok: 4 of 8 free',
    'clocks ok: this machine (here) 0 ms, b -7 ms from a (limit 1000 ms)',
  ])
})

test('when a node drains, or runs another version, or there are no slots, then those are warnings', async () => {
  const cluster = new FakeCluster()
  const none = { roles: ['job-manager'], slots: 0, freeSlots: 0 } as const
  cluster.statuses = [nodeOf('a', none), nodeOf('b', { ...none, state: 'draining', version: '0.0.9' })]
  const { findings, of } = await ofCluster({}, cluster)
  expect(totalsOf(findings)).toEqual({ problems: 0, warnings: 3 })
  expect(of('nodes')[1]).toMatchObject({ status: 'warning', about: 'b', what: 'b is draining' })
  expect(of('protocol')[0]).toMatchObject({ why: 'b runs 0.0.9, and here is 0.1.0' })
  expect(of('slots')[0]).toMatchObject({ fix: 'start one: retake node --role task-manager' })
})

test('when clocks differ, then each that does fails by itself', async () => {
  const cluster = new FakeCluster()
  cluster.statuses = [nodeOf('a'), nodeOf('b', { clockSkewMs: 1_001 }), nodeOf('c', { clockSkewMs: 1_000 })]
  expect((await ofCluster({}, cluster)).of('clocks')).toMatchObject([
    { status: 'ok', what: 'this machine (here) 0 ms, c +1000 ms from a (limit 1000 ms)' },
    {
      status: 'failed',
      about: 'b',
      code: 'RT1519',
      what: expect.stringContaining('b is 1001 ms ahead of that of the job manager on a'),
    },
  ])
  const late = new VirtualClock(NOW - 5_000)
  expect((await ofCluster({ clock: late }, cluster)).of('clocks')[1]).toMatchObject({
    about: 'this machine (here)',
    what: expect.stringContaining('this machine (here) is 5000 ms behind'),
  })
})

test.each([
  ['no-responder', 'warning'],
  ['timed-out', 'failed'],
] as const)('when the job manager is asked, and the outcome is %s, then that is %s', async (kind, status) => {
  const cluster = new FakeCluster()
  const clock = new VirtualClock()
  const ask = () => Promise.reject(new AskError('job-manager.node' as Address, { kind }))
  const line = new LeaderLine({ clock, ask } as unknown as ActorSystem)
  const describe: DescribeNodes = { type: 'describe' }
  line.ask(refTo('job-manager.node'), describe, { timeoutMs: 1 }).catch((error: Error) => {
    cluster.refusal = error
  })
  await clock.advance(10_000)
  const { findings } = await ofCluster({}, cluster)
  expect(findings[0]).toMatchObject({ check: 'job-manager', status, code: 'RT1517' })
  expect(new Set(findings.slice(1).map((finding) => finding.status))).toEqual(new Set(['skipped']))
})

test('when findings are shown, then each is a line, with why and what to do, and what was left out for one reason is one', () => {
  const written: string[] = []
  const lines = new FindingLines(PLAIN, (some) => written.push(...some))
  const all: Finding[] = [
    ok('nats', 'there'),
    failed('max-payload', TOO_SMALL),
    { check: 'inbox', status: 'skipped', what: 'because max-payload failed' },
    { check: 'write', status: 'skipped', what: 'because max-payload failed' },
    { check: 'slots', status: 'skipped', what: 'because there is no job-manager yet' },
    warning('nats-version', { what: 'it is old', why: 'one\ntwo', fix: 'take a newer one' }),
  ]
  for (const finding of all) lines.on(finding)
  lines.end()
  expect(written).toEqual([
    '✔ nats             there',
    '✘ max-payload      RT1504 it is small',
    '                   why   frames are large',
    '                   fix   raise it',
    '· skipped          because max-payload failed: inbox, write',
    '· skipped          because there is no job-manager yet: slots',
    '! nats-version     it is old',
    '                   why   one',
    '                         two',
    '                   fix   take a newer one',
  ])
  expect(totalText(totalsOf(all))).toBe('1 problem, 1 warning')
})

test('when docs/cli.md tells the keys of a check, then those are its keys, and it tells of every check', () => {
  const { text } = sectionOf(pageOf('docs/cli.md'), 'JSON')
  const section = text.slice(text.indexOf('### A check\n'), text.indexOf('### An error'))
  const [keys = '', checks = ''] = section.split('| check | its values')
  const namesIn = (table: string) =>
    [...table.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    )
  expect(namesIn(keys).sort()).toEqual(Object.keys(findingJson(ok('nats', 'there'))).sort())
  expect(namesIn(checks)).toEqual(expect.arrayContaining(CLUSTER_CHECKS.map(({ name }) => name)))
})
