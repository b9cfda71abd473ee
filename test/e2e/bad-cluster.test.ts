import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { connect } from 'nats'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { ClusterClient } from '#actors/cluster-client.js'
import type { NodeNews } from '#actors/node.js'
import { Node, type NodeOptions } from '#actors/node.js'
import { type NodeEvent, type RunningNode, startNodeProcess } from '#actors/node-process.js'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import { doctor } from '#src/cli/doctor-command.js'
import { thisMachine } from '#src/cli/doctor-machine.js'
import { EXIT } from '#src/cli/exit-code.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { type Clock, systemClock } from '#src/kit/clock.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { pageOf, sectionOf } from '../house/docs.js'
import { describeWith } from '../support/describe-with.js'
import { type FakeNatsServer, startFakeNats } from '../support/fake-nats-server.js'
import { freePort } from '../support/free-port.js'
import { KeptLog } from '../support/kept-log.js'
import { type NatsOptions, type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { recordingTerminal } from '../unit/cli/recording-terminal.js'

const WORLD = { clock: systemClock, random: systemRandom, logger: silentLogger }
const LOGIN = { user: 'crew', password: 'x' }
const SKEW_MS = 90_000
/** Slots keep no logs, and no lease; and they alone exchange frames. */
const ROLES_OF: ReadonlyMap<string, readonly string[]> = new Map([
  ['log-subjects', ['job-manager']],
  ['lease-subjects', ['job-manager']],
  ['data-lane', ['task-manager']],
])
const FOLDER = mkdtempSync(join(tmpdir(), 'retake-bad-cluster-'))
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }))

// Texts are told by patterns, wherever they stand in what is expected.
expect.addEqualityTesters([
  (actual, expected) =>
    typeof actual === 'string' && expected instanceof RegExp ? expected.test(actual) : undefined,
])

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

for (const version of ['oldest', 'current'] as const satisfies readonly NatsVersion[]) {
  await describeWith({ nats: version }, `a bad cluster, on the ${version} nats-server`, () => {
    const started = (options: NatsOptions = {}) => server({ version, jetStream: true, ...options })

    describe('when all is well', () => {
      test('when nothing was started yet, then the doctor has warnings, and makes nothing', async () => {
        const nats = await started()
        const { code, checks, problems } = await diagnosis(nats)
        expect([code, problems]).toEqual([EXIT.ok, 0])
        expect(checks.get('job-manager')).toMatchObject({ status: 'warning', code: 'RT1517' })
        expect(checks.get('object-store')).toMatchObject({ status: 'ok', what: /not there yet/ })
        expect(checks.get('write')).toMatchObject({ status: 'skipped', what: /object-store/ })
        expect(checks.get('slots')).toMatchObject({ status: 'skipped', what: /job-manager/ })
        const manager = await (await bare(nats)).jetstreamManager()
        expect(await manager.streams.list().next()).toEqual([])
      })

      test('when a cluster runs, then every check is ok, what was tried is gone, and the server is told of by its version', async () => {
        const nats = await started()
        await member(nats, ['job-manager', 'task-manager'])
        const { code, findings, checks } = await diagnosis(nats)
        const old = version === 'oldest' ? ['nats-version'] : []
        expect(code).toBe(EXIT.ok)
        expect(findings.filter(({ status }) => status !== 'ok').map(({ check }) => check)).toEqual(old)
        if (version === 'oldest') {
          for (const feature of [/sync_interval/, /whole stream/, /stalls/, /not for production/])
            expect(checks.get('nats-version')?.why).toMatch(feature)
        }
        expect(checks.get('write')?.values['medianMs']).toBeGreaterThan(0)
        const told = valuesToldInDocs()
        for (const { check, values } of findings)
          expect([check, Object.keys(values)]).toEqual([check, told.get(check)])
        expect([...told.keys()].filter((check) => !checks.has(check))).toEqual(['state-directory', 'name'])
        const manager = await (await bare(nats)).jetstreamManager()
        const kept = (await manager.streams.list().next()).filter(({ state }) => state.messages > 0)
        // Whoever leads.
        expect(kept.map(({ config }) => config.name)).toEqual([expect.stringMatching(/^KV_retake_/)])
      })
    })

    describe('when NATS is not as it must be', () => {
      test('when the credentials are refused, then node and doctor say so', async () => {
        const nats = await started(permissions(''))
        await expectRefusal(
          await nodeAt(nats.url, 'all', { user: 'crew', password: 'no' }),
          EXIT.unreachable,
          {
            code: 'RT1502',
            what: /refused the credentials/,
            fix: /check user and password/,
          },
        )
        const { code, checks } = await diagnosis(nats, { user: 'crew', password: 'no' })
        expect(code).toBe(EXIT.unhealthy)
        expect(checks.get('nats')).toMatchObject({ status: 'failed', code: 'RT1502' })
        expect(checks.get('jetstream')).toMatchObject({ status: 'skipped', what: 'because nats failed' })
      })

      test('when max_payload is too small, then node and doctor say what to set', async () => {
        const nats = await started({ maxPayloadBytes: 65_536 })
        const expected = { code: 'RT1504', what: /at most 65536 bytes/, fix: /max_payload: 1048576/ }
        await expectRefusal(await nodeAt(nats.url, 'task-manager'), EXIT.rejected, expected)
        const { code, checks } = await diagnosis(nats)
        expect(code).toBe(EXIT.unhealthy)
        expect(checks.get('max-payload')).toMatchObject({ status: 'failed', ...expected })
        expect(checks.get('control-lane')).toMatchObject({ status: 'skipped', what: /max-payload failed/ })
      })

      test('when there is no JetStream, then node and doctor say what to start', async () => {
        const nats = await started({ jetStream: false })
        const expected = { code: 'RT1518', what: /keeps nothing for us/, fix: /nats-server with -js/ }
        for (const role of ['job-manager', 'task-manager'] as const)
          await expectRefusal(await nodeAt(nats.url, role), EXIT.rejected, expected)
        const { code, checks } = await diagnosis(nats)
        expect(code).toBe(EXIT.unhealthy)
        expect(checks.get('jetstream')).toMatchObject({ status: 'failed', ...expected })
        expect(checks.get('write')).toMatchObject({ status: 'skipped', what: 'because jetstream failed' })
        // It needs none of it to find the job manager.
        expect(checks.get('job-manager')).toMatchObject({ status: 'warning', code: 'RT1517' })
      })

      test.each([
        ['publish: { deny: "rt.*.c.>" }', /publish to "rt\.default\.c\./, 'control-lane'],
        ['subscribe: { deny: "rt.*.c.>" }', /subscribe to "rt\.default\.c\./, 'control-lane'],
        ['publish: { deny: "rt.*.d.>" }', /publish to "rt\.default\.d\./, 'data-lane'],
        ['subscribe: { deny: "rt.*.d.>" }', /subscribe to "rt\.default\.d\./, 'data-lane'],
        ['subscribe: { deny: "_INBOX.>" }', /subscribe to "_INBOX\.default\./, 'inbox'],
        ['publish: { deny: "rt.*.log.>" }', /publish to "rt\.default\.log\./, 'log-subjects'],
        ['publish: { deny: "$O.*.C.>" }', /publish to "\$O\.retake_default\.C\./, 'object-subjects'],
        ['publish: { deny: "$O.*.M.>" }', /publish to "\$O\.retake_default\.M\./, 'object-subjects'],
        ['publish: { deny: "$KV.>" }', /publish to "\$KV\.retake_default\./, 'lease-subjects'],
        ['publish: { deny: "$JS.API.>" }', /publish to "\$JS\.API\.INFO"/, 'jetstream'],
        [
          'publish: { deny: "$JS.API.*.MSG.DELETE.>" }',
          /publish to "\$JS\.API\.STREAM\.MSG\.DELETE/,
          'jetstream-api',
        ],
      ])(
        'when the user has %s, then node and doctor name the subject, at the start',
        async (rule, what, check) => {
          const nats = await started(permissions(rule))
          const expected = { code: 'RT1503', what, fix: /allow/ }
          const before = await diagnosis(nats, LOGIN)
          expect(before.code).toBe(EXIT.unhealthy)
          expect(before.checks.get(check)).toMatchObject({ status: 'failed', ...expected })
          for (const role of ROLES_OF.get(check) ?? ['job-manager', 'task-manager'])
            await expectRefusal(await nodeAt(nats.url, role, LOGIN), EXIT.unreachable, expected)
          // Now the streams are there.
          const after = await diagnosis(nats, LOGIN)
          const wrong = after.findings.filter(({ status }) => status === 'failed').map((one) => one.check)
          expect(wrong).toEqual([check])
        },
      )

      test('when a job manager may not listen under its name, then it does not lead in vain', async () => {
        const nats = await started(permissions('subscribe: { deny: "rt.*.c.job-manager.>" }'))
        await expectRefusal(await nodeAt(nats.url, 'job-manager', LOGIN), EXIT.unreachable, {
          code: 'RT1503',
          what: /subscribe to "rt\.default\.c\.job-manager\.>"/,
          fix: /allow subscribe/,
        })
      })

      test('when a stream of that name is another, then node and doctor say what differs', async () => {
        const nats = await started()
        const manager = await (await bare(nats)).jetstreamManager()
        await manager.streams.add({ name: 'retake_default_log', subjects: ['rt.default.log.*'] })
        const expected = {
          code: 'RT1524',
          what: /retake_default_log .* is not as the cluster needs it/,
          fix: /nats stream edit retake_default_log/,
        }
        await expectRefusal(await nodeAt(nats.url, 'task-manager'), EXIT.rejected, expected)
        const { code, checks } = await diagnosis(nats)
        expect(code).toBe(EXIT.unhealthy)
        expect(checks.get('log-stream')).toMatchObject({
          status: 'failed',
          ...expected,
          why: /max_msgs_per_subject is -1 and must be 8/,
        })
        expect(checks.get('job-manager')?.status).toBe('warning')
      })

      test('when no storage is left, then a node starts with a warning, and the doctor fails until there is room', async () => {
        const account =
          'accounts { crew { jetstream: { max_file: 1MB }, users: [ { user: "crew", password: "x" } ] } }'
        const nats = await started({ config: account, ...LOGIN })
        const first = await member(nats, ['job-manager'], LOGIN)
        await first.node.drain()
        const raw = await bare(nats, LOGIN)
        const manager = await raw.jetstreamManager()
        await manager.streams.add({ name: 'filler', subjects: ['fill'] })
        for (const bytes of [100_000, 1_000, 1]) {
          const fill = () => raw.jetstream().publish('fill', new Uint8Array(bytes))
          while (
            await fill().then(
              () => true,
              () => false,
            )
          )
            expect(bytes).toBeGreaterThan(0)
        }
        const { events } = await member(nats, ['task-manager'], LOGIN, 'no-wait')
        const warning = await until(() => warningIn(events), { what: 'the warning' })
        expect(warning).toMatchObject({ code: 'RT1301', what: /no space left/, fix: /make room/ })

        const full = await diagnosis(nats, LOGIN)
        expect(full.code).toBe(EXIT.unhealthy)
        expect(full.checks.get('write')).toMatchObject({ status: 'failed', code: 'RT1301' })
        expect(full.checks.get('storage')).toMatchObject({ status: /warning|failed/, fix: /max_file/ })
        await manager.streams.delete('filler')
        expect((await diagnosis(nats, LOGIN)).checks.get('write')?.status).toBe('ok')
      })
    })

    describe('when something goes wrong while a node runs', () => {
      test('when a permission is taken away, then whoever runs the node is told', async () => {
        const users = join(FOLDER, `users-${version}.conf`)
        const allow = (rule: string) =>
          writeFileSync(
            users,
            `authorization { users: [ { user: "crew", password: "x", permissions: { ${rule} } } ] }`,
          )
        allow('publish: { allow: ">" }')
        const include = `include "../${basename(FOLDER)}/${basename(users)}"`
        const nats = await started({ config: include, ...LOGIN })
        const { events } = await member(nats, ['job-manager', 'task-manager'], LOGIN)
        await member(nats, ['task-manager'], LOGIN)
        allow('publish: { allow: ">", deny: "rt.*.c.>" }')
        process.kill(nats.pid ?? 0, 'SIGHUP')
        const warning = await until(() => warningIn(events), { what: 'the alarm' })
        expect(warning).toMatchObject({
          code: 'RT1503',
          what: /publish to "rt\.default\.c\./,
          fix: /allow publish/,
        })
      })

      test('when its credentials are taken away while it runs, then a node ends and says so', async () => {
        const users = join(FOLDER, `login-${version}.conf`)
        const allow = (password: string) =>
          writeFileSync(users, `authorization { user: "crew", password: "${password}" }`)
        allow('x')
        const include = `include "../${basename(FOLDER)}/${basename(users)}"`
        const nats = await started({ config: include, ...LOGIN })
        const { node } = await member(nats, ['job-manager', 'task-manager'], LOGIN)
        allow('another')
        process.kill(nats.pid ?? 0, 'SIGHUP')
        expect(await node.ended).toMatchObject({ code: 'RT1506', fix: /check its credentials/ })
      })

      test('when its nats-server is put into lame duck mode, then whoever runs the node is told', async () => {
        const nats = await started()
        const { events } = await member(nats, ['job-manager'])
        process.kill(nats.pid ?? 0, 'SIGUSR2')
        const warning = await until(() => warningIn(events), { what: 'the notice' })
        expect(warning).toMatchObject({ code: 'RT1525', what: /asks its clients to leave/ })
      })
    })
  })
}

await describeWith({ nats: 'oldest' }, 'a bad cluster', () => {
  test('when nothing listens there, then a node ends at once, and the doctor says what to start', async () => {
    const url = `nats://127.0.0.1:${await freePort()}`
    const expected = { code: 'RT1501', what: /cannot be reached/, fix: /start nats-server/ }
    await expectRefusal(await nodeAt(url), EXIT.unreachable, expected)
    const { code, findings, checks } = await diagnosis({ url })
    expect(code).toBe(EXIT.unhealthy)
    expect(checks.get('nats')).toMatchObject({ status: 'failed', ...expected })
    const rest = findings.slice(findings.findIndex(({ check }) => check === 'nats') + 1)
    expect(new Set(rest.map(({ status, what }) => `${status} ${what}`))).toEqual(
      new Set(['skipped because nats failed']),
    )
  })

  test('when the server is frozen, then neither a node nor the doctor hangs', async () => {
    const nats = await server({ version: 'oldest', jetStream: true })
    nats.freeze()
    const [node, examined] = await Promise.all([
      processOf('node', '--nats', nats.url, '--role', 'task-manager'),
      processOf('doctor', '--nats', nats.url),
    ])
    nats.thaw()
    expect(node).toMatchObject({
      code: EXIT.unreachable,
      stderr: /RT1501 .*cannot be reached\n[\s\S]*fix +start/,
    })
    expect(examined).toMatchObject({
      code: EXIT.unhealthy,
      stdout: /✘ nats +RT1501 [\s\S]*1 problem, 0 warnings\n$/,
    })
  }, 60_000)

  test.each([
    ['is too old', { version: '2.8.4' }, 'nats-version', /version 2\.8\.4/, /install a current/],
    ['has headers off', { headers: false }, 'headers', /headers switched off/, /no_header_support/],
  ])('when the server %s, then node and doctor say so', async (_, info, check, what, fix) => {
    const { url } = await fake(info)
    await expectRefusal(await nodeAt(url), EXIT.rejected, { code: 'RT1505', what, fix })
    const { code, checks } = await diagnosis({ url })
    expect(code).toBe(EXIT.unhealthy)
    expect(checks.get(check)).toMatchObject({ status: 'failed', code: 'RT1505', what, fix })
    expect(checks.get('jetstream')?.status).toBe('skipped')
  })

  test('when two of three servers are there only later, then a node waits for their leader, says so, and goes on', async () => {
    const ports = await Promise.all([freePort(), freePort(), freePort()])
    const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')
    const inCluster = (index: number) =>
      server({
        version: 'oldest',
        jetStream: true,
        config: `cluster { name: C, listen: "127.0.0.1:${ports[index]}", routes: [${routes}] }`,
      })
    const first = await inCluster(0)
    const waiting = deferred<NodeEvent>()
    const joining = member(first, ['job-manager'], {}, 'wait', waiting.resolve)
    expect(await waiting.promise).toMatchObject({ type: 'waiting', reason: /JetStream at .* did not answer/ })
    await inCluster(1)
    await joining
    // With two servers there is no third to keep it: that is said, too.
    expect((await diagnosis(first)).checks.get('log-stream')).toMatchObject({
      status: 'warning',
      fix: 'nats stream edit retake_default_log --replicas 3',
    })
  }, 60_000)

  test('when a node has the name of another, then it ends with the reason', async () => {
    const nats = await server({ version: 'oldest', jetStream: true })
    await member(nats, ['job-manager', 'task-manager'], {}, 'wait', undefined, 'a')
    const taken = await processOf('node', '--nats', nats.url, '--name', 'a', '--role', 'task-manager')
    expect(taken.code).toBe(EXIT.rejected)
    expect(taken.stderr).toMatch(/RT1516 the cluster has a node a already\n[\s\S]*fix +give each node a name/)
    const asked = await diagnosis(nats, {}, { args: ['--name', 'a'] })
    expect(asked.code).toBe(EXIT.unhealthy)
    expect(asked.checks.get('name')).toMatchObject({ status: 'failed', code: 'RT1516', fix: /--name/ })
    const free = await diagnosis(nats, {}, { args: ['--name', 'b'] })
    expect(free.checks.get('name')).toMatchObject({ status: 'ok', what: 'b is free' })
  })

  test('when a node speaks another protocol, then it is refused, and so says the doctor of that installation', async () => {
    const nats = await server({ version: 'oldest', jetStream: true })
    await member(nats, ['job-manager'], {}, 'wait', undefined, 'a')
    const refused = deferred<ErrorInfo>()
    await bareNode(nats, {
      name: 'b',
      roles: ['task-manager'],
      protocol: 9,
      onNews: (news) => {
        if (news.type === 'refused') refused.resolve(news.error)
      },
    })
    const expected = { code: 'RT1515', what: /protocol 9/, fix: /upgrade a to/ }
    expect(await refused.promise).toMatchObject(expected)
    const machine = { ...thisMachine(), protocol: 9 }
    const { code, checks } = await diagnosis(nats, {}, { machine })
    expect(code).toBe(EXIT.unhealthy)
    expect(checks.get('protocol')).toMatchObject({ status: 'failed', ...expected })
  })

  test('when the clock of a node is wrong, then its news, the log, the nodes and the doctor tell', async () => {
    const nats = await server({ version: 'oldest', jetStream: true })
    const log = new KeptLog()
    await bareNode(nats, { name: 'jm', roles: ['job-manager'], logger: log })
    const news: NodeNews[] = []
    const clock: Clock = { ...systemClock, wallTime: () => systemClock.wallTime() + SKEW_MS }
    await bareNode(nats, { name: 'tm', roles: ['task-manager'], clock, onNews: (one) => news.push(one) })
    const text = { code: 'RT1519', what: /clock of tm is 8\d{4} ms|clock of tm is 9\d{4} ms/, fix: /NTP/ }
    const warning = await until(() => news.find(({ type }) => type === 'warning'), { what: 'the warning' })
    expect(warning).toMatchObject({ type: 'warning', error: text })
    expect(log.lines).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        message: 'clocks differ',
        fields: { error: expect.anything() },
      }),
    )
    const client = await ClusterClient.connect({
      nats: { servers: [nats.url] },
      cluster: 'default',
      ...WORLD,
    })
    closing.push(() => client.close())
    expect((await client.nodes())[1]?.clockSkewMs).toBeGreaterThan(SKEW_MS - 1_000)
    const { code, findings } = await diagnosis(nats)
    expect(code).toBe(EXIT.unhealthy)
    expect(findings.filter(({ status }) => status === 'failed')).toMatchObject([
      { check: 'clocks', about: 'tm', ...text },
    ])
    // From a machine whose own clock is the wrong one, all others look right.
    const own = await diagnosis(nats, {}, { clock })
    expect(
      own.findings.filter(({ check, status }) => check === 'clocks' && status === 'failed'),
    ).toMatchObject([
      { about: /^this machine/, code: 'RT1519' },
      { about: 'tm', code: 'RT1519' },
    ])
  }, 30_000)
})

type Login = { readonly user?: string; readonly password?: string }

interface Told {
  readonly code: string
  readonly what: RegExp
  readonly fix: RegExp
}

async function server(options: NatsOptions): Promise<NatsServer> {
  const started = await startNats(options)
  closing.push(() => started.stop())
  return started
}

async function fake(info: Readonly<Record<string, unknown>>): Promise<FakeNatsServer> {
  const started = await startFakeNats(info)
  closing.push(() => started.stop())
  return started
}

function permissions(rule: string): NatsOptions {
  const config = `authorization { users: [ { user: "crew", password: "x", permissions: { ${rule} } } ] }`
  return { config, ...LOGIN }
}

async function bare(nats: NatsServer, { user, password }: Login = {}) {
  const client = await connect({
    servers: nats.url,
    ...(user === undefined ? {} : { user, pass: password ?? '' }),
  })
  closing.push(() => client.close())
  return client
}

const ENVIRONMENT = ({ user, password }: Login) => ({
  ...(user !== undefined && { RETAKE_NATS_USER: user }),
  ...(password !== undefined && { RETAKE_NATS_PASSWORD: password }),
})

/** The command `retake node`, which must end by itself. */
async function nodeAt(url: string, role = 'all', login: Login = {}) {
  const { terminal, talk } = recordingTerminal()
  const args = ['node', '--nats', url, '--role', role, '--name', 'newcomer']
  const code = await runCommandLine(args, COMMANDS, terminal, ENVIRONMENT(login))
  return { code, said: talk() }
}

function expectRefusal({ code, said }: { code: number; said: string }, exit: number, told: Told): void {
  expect({ code, said }).toMatchObject({ code: exit, said: new RegExp(`^${told.code} `, 'm') })
  const flat = said.replaceAll(/\s+/g, ' ')
  expect(flat).toMatch(told.what)
  expect(flat).toMatch(/ why /)
  expect(flat).toMatch(told.fix)
  expect(said).not.toContain('✔ ready')
}

interface ExaminedFrom {
  readonly args?: readonly string[]
  readonly machine?: ReturnType<typeof thisMachine>
  readonly clock?: Clock
}

interface ShownFinding {
  readonly check: string
  readonly status: string
  readonly about: string | null
  readonly code: string | null
  readonly what: string
  readonly why: string | null
  readonly fix: string | null
  readonly values: Readonly<Record<string, number | string | null>>
}

/** What `retake doctor -o json` prints. */
async function diagnosis(
  { url }: { readonly url: string },
  login: Login = {},
  { args = [], machine = thisMachine(), clock = systemClock }: ExaminedFrom = {},
) {
  const command = COMMANDS.find(({ name }) => name === 'doctor')
  if (command === undefined) throw new Error('there is no doctor')
  const invocation = parseInvocation(command, ['--nats', url, '-o', 'json', ...args], ENVIRONMENT(login))
  const { terminal, data } = recordingTerminal()
  const code = await doctor(invocation, terminal, {
    clock,
    random: systemRandom,
    connect: (options) => ClusterClient.connect(options),
    exitNow: (exit) => {
      throw new Error(`it is stuck, and ends with ${exit}`)
    },
    machine,
  })
  const document = JSON.parse(data()) as { problems: number; warnings: number; checks: ShownFinding[] }
  const [, row = ''] = /^\| `retake doctor` \| (.*) \|$/m.exec(pageOf('docs/cli.md').text) ?? []
  expect(
    Object.keys(document)
      .map((key) => `\`${key}\``)
      .join(', '),
  ).toBe(row)
  for (const { status, why, fix } of document.checks)
    if (status === 'failed' || status === 'warning') expect([why, fix]).not.toContain(null)
  const { problems, checks: findings } = document
  return { code, problems, findings, checks: new Map(findings.map((one) => [one.check, one])) }
}

/** Of each check that docs/cli.md knows. */
function valuesToldInDocs(): Map<string, string[]> {
  const { text } = sectionOf(pageOf('docs/cli.md'), 'JSON')
  const table = text.slice(text.indexOf('| check | its values'), text.indexOf('### An error'))
  return new Map(
    [...table.matchAll(/^\| `([a-z-]+)` \| (.*)\|$/gm)].map(([, check = '', values = '']) => [
      check,
      [...values.matchAll(/`([a-zA-Z]+)`/g)].map(([, name = '']) => name),
    ]),
  )
}

let members = 0

/** A node as its process runs it, that belongs to the cluster. */
async function member(
  nats: NatsServer,
  roles: readonly ('job-manager' | 'task-manager')[],
  login: Login = {},
  wait: 'wait' | 'no-wait' = 'wait',
  onWaiting: (event: NodeEvent) => void = () => {},
  name = `node-${++members}`,
): Promise<{ readonly node: RunningNode; readonly events: readonly NodeEvent[] }> {
  const events: NodeEvent[] = []
  const ready = deferred<void>()
  const node = await startNodeProcess({
    name,
    roles,
    slots: 1,
    labels: {},
    nats: { servers: [nats.url], ...login },
    cluster: 'default',
    stateDirectory: undefined,
    heartbeatTimeoutMs: 10_000,
    slotRequestMs: 10_000,
    ...WORLD,
    onEvent: (event) => {
      events.push(event)
      if (event.type === 'waiting') onWaiting(event)
      if (event.type === 'ready') ready.resolve()
    },
  })
  closing.push(() => node.kill())
  if (wait === 'wait') await ready.promise
  return { node, events }
}

async function bareNode(nats: NatsServer, options: Partial<NodeOptions>): Promise<Node> {
  const started = await Node.start({
    slots: 1,
    cluster: { name: 'default', nats: { servers: [nats.url] } },
    ...WORLD,
    ...options,
  })
  closing.push(() => started.kill())
  return started
}

function warningIn(events: readonly NodeEvent[]): ErrorInfo | undefined {
  return events.find((event) => event.type === 'warning')?.error
}

function deferred<T>() {
  let resolve!: (value: T) => void
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The command as a process of its own, which must end by itself. */
function processOf(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const main = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  closing.push(() => child.kill('SIGKILL'))
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    stderr += chunk
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
}
