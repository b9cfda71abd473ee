import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type NatsConnection, nkeyAuthenticator } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { natsConf, natsUserOf, passwordVariableOf } from '#src/cli/nats-conf.js'
import { type NatsRole, natsPermissions } from '#src/cli/nats-permissions.js'
import { expectCounted } from '../cast/counting-oracle.js'
import { mustRun, run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { NodeProcess } from './node-process.js'

/**
 * A whole cluster whose processes are NATS users of their roles, with the permissions of `retake generate nats-conf` and
 * no others: what they need, and what they are kept from. On the oldest server they have passwords, on the current one
 * nkeys.
 */

const CLUSTER = 'prod'
const ROLES = ['job-manager', 'task-manager', 'client', 'observer'] as const satisfies readonly NatsRole[]
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
const COUNT = 4_000
const LONG_MS = 90_000

for (const version of ['oldest', 'current'] as const satisfies readonly NatsVersion[]) {
  await describeWith({ nats: version }, `a NATS user for each role, the ${version} server`, () => {
    const nodes: NodeProcess[] = []
    const raw: NatsConnection[] = []
    let folder: string
    let nats: NatsServer
    let dice: string

    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), 'retake-nats-security-'))
      nats = await started(version, folder)
      for (const name of ['jm-1', 'tm-1', 'tm-2']) await nodeOf(name).start()
    }, LONG_MS)

    afterAll(async () => {
      for (const connection of raw) await connection.close()
      for (const node of nodes) await node.kill()
      await nats.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    test(
      'when a task manager is killed while a job runs, then every record counts once, and nobody lacks a permission',
      async () => {
        const output = join(folder, 'output')
        const params = ['--param', `output=${output}`, '--param', `count=${COUNT}`, '--param', 'rate=1000']
        const job = ['test/cast/jobs/counting-plain.ts', '--parallelism', '2', ...params]
        const running = retakeAs('client', 'run', ...job)
        await until(async () => (await seenJobs())[0]?.checkpoint, { what: 'a checkpoint', everyMs: 200 })
        await nodes.at(-1)?.kill()
        expect(await running).toMatchObject({ code: 0 })
        expectCounted(output, COUNT)
        const [ended] = JSON.parse((await retakeAs('observer', 'list', '--all', '-o', 'json')).stdout).jobs
        expect(ended).toMatchObject({ status: 'FINISHED', attempt: 2 })
        for (const role of ['job-manager', 'task-manager'] as const) {
          const { code, stdout } = await retakeAs(role, 'doctor', '--role', role)
          expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('\n0 problems, ') })
        }
        expect(
          serverLog()
            .split('\n')
            .filter((line) => /(Permissions|Publish|Subscription) Violation/i.test(line)),
        ).toEqual([])
        for (const node of nodes) expect(node.said.join('\n')).not.toMatch(/RT1503|ermission/)
      },
      LONG_MS,
    )

    test(
      'when an observer looks, then all is shown; when it would change something, then it is refused, and nothing changes',
      async () => {
        const job = ['examples/dice.ts', '--param', `output=${join(folder, 'dice')}`, '--detach']
        const submitted = await retakeAs('client', 'run', ...job)
        expect(submitted).toMatchObject({ code: 0 })
        dice = submitted.stdout.trim()
        await until(async () => (await seenJobs())[0]?.status === 'RUNNING', {
          what: 'the job',
          everyMs: 200,
        })
        for (const look of [['list'], ['show', dice], ['checkpoints', dice], ['nodes'], ['actors']])
          expect(await retakeAs('observer', ...look)).toMatchObject({ code: 0 })
        for (const change of [
          ['cancel', dice],
          ['checkpoints', dice, '--now'],
          ['run', ...job],
        ]) {
          const { code, stderr } = await retakeAs('observer', ...change)
          expect([change, code, stderr]).toEqual([
            change,
            4,
            expect.stringMatching(/RT1503[\s\S]*retake generate nats-conf/),
          ])
        }
        expect((await seenJobs()).map(({ run, status }) => [run, status])).toEqual([[dice, 'RUNNING']])
      },
      LONG_MS,
    )

    test.each([
      // What another user hears.
      ['task-manager', 'subscribe', 'rt.prod.c.job-manager.>'],
      ['task-manager', 'subscribe', 'rt.prod.c.jm.>'],
      ['task-manager', 'subscribe', 'rt.prod.c.client.>'],
      ['task-manager', 'subscribe', '_INBOX.prod.jm.>'],
      ['job-manager', 'subscribe', 'rt.prod.d.>'],
      ['job-manager', 'subscribe', '_INBOX.prod.tm.>'],
      ['client', 'subscribe', 'rt.prod.c.>'],
      ['client', 'subscribe', 'rt.prod.c.tm.>'],
      ['client', 'subscribe', 'rt.prod.d.tm.>'],
      ['client', 'subscribe', 'rt.prod.log.*'],
      ['client', 'subscribe', '_INBOX.prod.tm.>'],
      ['observer', 'subscribe', 'rt.prod.c.client.>'],
      ['observer', 'subscribe', '_INBOX.prod.client.>'],
      ['observer', 'subscribe', '>'],
      // What is kept.
      ['task-manager', 'publish', 'rt.prod.log.RUN'],
      ['task-manager', 'publish', '$KV.retake_prod.leader'],
      ['task-manager', 'publish', '$JS.API.STREAM.PURGE.retake_prod_log'],
      ['task-manager', 'publish', '$JS.API.STREAM.DELETE.OBJ_retake_prod'],
      ['task-manager', 'publish', '$JS.API.STREAM.MSG.GET.retake_prod_log'],
      ['client', 'publish', 'rt.prod.log.RUN'],
      ['client', 'publish', '$KV.retake_prod.leader'],
      ['client', 'publish', '$O.retake_prod.C.x'],
      ['client', 'publish', '$JS.API.INFO'],
      ['observer', 'publish', 'rt.prod.log.RUN'],
      ['observer', 'publish', '$JS.API.STREAM.MSG.GET.retake_prod_log'],
      ['job-manager', 'publish', '$JS.API.STREAM.DELETE.retake_prod_log'],
      ['job-manager', 'publish', '$JS.API.CONSUMER.CREATE.retake_prod_log'],
      // Whom one may speak to.
      ['task-manager', 'publish', 'rt.prod.c.job-manager.node.leadership.job-manager'],
      ['task-manager', 'publish', 'rt.prod.c.client.SYSTEM.-outside'],
      ['job-manager', 'publish', 'rt.prod.d.tm.SYSTEM.slot.s-0-0'],
      ['client', 'publish', 'rt.prod.d.tm.SYSTEM.slot.s-0-0'],
      ['client', 'publish', 'rt.prod.c.tm.SYSTEM.node.task-manager-0'],
      ['client', 'publish', 'rt.prod.c.job-manager.node.leadership.job-manager.resource-manager'],
      ['client', 'publish', 'rt.prod.c.jm.SYSTEM.node.leadership'],
      ['observer', 'publish', 'rt.prod.c.job-manager.node.leadership.job-manager'],
      ['observer', 'publish', 'rt.prod.c.job-manager.node.leadership.job-manager.job-RUN'],
      ['observer', 'publish', 'rt.prod.c.tm.SYSTEM.node.task-manager-0'],
    ] as const)('when a %s would %s "%s", then it is refused', async (role, operation, place) => {
      const subject = place.replace('RUN', dice).replace('SYSTEM', 'abcdef123456')
      const connection = await rawAs(role)
      const refused = violationOf(connection)
      if (operation === 'publish') connection.publish(subject, 'forged')
      else connection.subscribe(subject, { callback: () => {} })
      expect(await refused).toEqual({
        operation: operation === 'publish' ? 'publish' : 'subscription',
        subject,
      })
    })

    test('when a task manager has an answer of JetStream sent to the log, then the job goes on, and its next checkpoint is in it', async () => {
      const connection = await rawAs('task-manager')
      connection.publish('$JS.API.INFO', '', { reply: `rt.${CLUSTER}.log.${dice}` })
      await connection.flush()
      expect(await retakeAs('client', 'checkpoints', dice, '--now')).toMatchObject({ code: 0 })
    })

    test('when all of that was tried, then the job runs as it did, and its client cancels it', async () => {
      expect(await seenJobs()).toMatchObject([{ run: dice, status: 'RUNNING', attempt: 1 }])
      expect(await retakeAs('client', 'cancel', dice)).toMatchObject({ code: 0 })
      expect((await retakeAs('client', 'list', '--all')).stdout).toContain('CANCELED')
    })

    test('when a permission is given, then somebody has used it', async () => {
      const seen = subjectsIn(serverLog())
      for (const role of ROLES) {
        const { publish, subscribe } = natsPermissions(role, CLUSTER)
        for (const [operation, { allow }] of Object.entries({ publish, subscribe })) {
          const used = [...(seen.get(`${role} ${operation}`) ?? [])]
          // A client that only looks comes as an observer does.
          const needed = allow.filter((pattern) => role !== 'client' || !pattern.includes('.observer.'))
          const idle = needed.filter((pattern) => !used.some((subject) => covers(pattern, subject)))
          expect([role, operation, idle]).toEqual([role, operation, []])
        }
      }
    })

    function nodeOf(name: string): NodeProcess {
      const role = name.startsWith('jm') ? 'job-manager' : 'task-manager'
      const args = [MAIN, 'node', '--role', role, '--name', name]
      const node = new NodeProcess({
        name,
        args: role === 'task-manager' ? [...args, '--slots', '2'] : args,
        env: envOf(role),
      })
      nodes.push(node)
      return node
    }

    function retakeAs(role: NatsRole, ...args: string[]) {
      return run(process.execPath, [MAIN, ...args], { cwd: PROJECT, env: { ...process.env, ...envOf(role) } })
    }

    function envOf(role: NatsRole): Record<string, string> {
      return {
        NO_COLOR: '1',
        RETAKE_NATS: nats.url,
        RETAKE_CLUSTER: CLUSTER,
        ...loginOf(role),
      }
    }

    function loginOf(role: NatsRole): Record<string, string> {
      if (version === 'current') return { RETAKE_NATS_NKEY: seedFile(folder, role) }
      return { RETAKE_NATS_USER: natsUserOf(role, CLUSTER), RETAKE_NATS_PASSWORD: passwordOf(role) }
    }

    async function seenJobs(): Promise<{ run: string; status: string; checkpoint: object | null }[]> {
      const { stdout, stderr } = await retakeAs('observer', 'list', '-o', 'json')
      if (stdout === '') throw new Error(stderr)
      return JSON.parse(stdout).jobs
    }

    async function rawAs(role: NatsRole): Promise<NatsConnection> {
      const login =
        version === 'current'
          ? {
              authenticator: nkeyAuthenticator(
                Buffer.from(readFileSync(seedFile(folder, role), 'utf8').trim()),
              ),
            }
          : { user: natsUserOf(role, CLUSTER), pass: passwordOf(role) }
      const connection = await connect({ servers: nats.url, ...login })
      raw.push(connection)
      return connection
    }

    function serverLog(): string {
      return readFileSync(join(folder, 'nats.log'), 'utf8')
    }
  })
}

await describeWith({ nats: 'oldest' }, 'a NATS user who lacks something', () => {
  test.each([
    ['job-manager', '$JS.API.INFO', /may not publish to "\$JS\.API\.INFO"/],
    ['job-manager', '$KV.retake_prod.>', /may not publish to "\$KV\.retake_prod\.~"/],
    [
      'job-manager',
      '$JS.API.STREAM.CREATE.retake_prod_log',
      /may not publish to ".*CREATE\.retake_prod_log"/,
    ],
    ['job-manager', 'rt.prod.c.job-manager.>', /may not subscribe to "rt\.prod\.c\.job-manager\.>"/],
    ['task-manager', 'rt.prod.c.tm.>', /may not (publish|subscribe) to "rt\.prod\.c\.tm\./],
    ['task-manager', '_INBOX.prod.tm.>', /may not subscribe to "_INBOX\.prod\.tm\.[\w.]+\*"/],
    ['task-manager', '$O.retake_prod.M.>', /may not publish to "\$O\.retake_prod\.M\.~"/],
  ] as const)(
    'when the %s lacks "%s", then its node ends at once with RT1503, and no secret',
    async (role, subject, message) => {
      const conf = natsConf({ cluster: CLUSTER, roles: ROLES, nkeys: undefined })
      const at = conf.indexOf(`"${subject}"`, conf.indexOf(`user: ${natsUserOf(role, CLUSTER)}`))
      expect(at).toBeGreaterThan(0)
      const lacking = conf.slice(0, at) + conf.slice(at + subject.length + 2)
      const login = { user: natsUserOf('client', CLUSTER), password: passwordOf('client') }
      const nats = await withPasswords(() =>
        startNats({ version: 'oldest', jetStream: true, config: lacking, ...login }),
      )
      try {
        const env = {
          ...process.env,
          RETAKE_NATS: nats.url.replace('//', `//${natsUserOf(role, CLUSTER)}:${passwordOf(role)}@`),
          RETAKE_CLUSTER: CLUSTER,
        }
        const args = ['node', '--role', role, '--name', 'n-1', '--log-level', 'debug']
        const { code, stdout, stderr } = await run(process.execPath, [MAIN, ...args], { env })
        expect(stderr).toMatch(/RT1503/)
        expect(stderr).toMatch(message)
        expect(code).toBe(4)
        expect(stdout + stderr).not.toContain(passwordOf(role))
      } finally {
        await nats.stop()
      }
    },
  )
})

/** The server takes the passwords from its environment, and writes down all that is said to it. */
async function started(version: NatsVersion, folder: string): Promise<NatsServer> {
  const keys = version === 'current' ? ['--nkeys', join(folder, 'keys')] : []
  const conf = await mustRun(process.execPath, [MAIN, 'generate', 'nats-conf', '--cluster', CLUSTER, ...keys])
  const trace = `log_file: "${join(folder, 'nats.log')}"\ntrace: true\nmax_traced_msg_len: 16`
  return withPasswords(() =>
    startNats({
      version,
      jetStream: true,
      config: `${trace}\n${conf}`,
      user: natsUserOf('client', CLUSTER),
      password: passwordOf('client'),
    }),
  )
}

async function withPasswords<T>(work: () => Promise<T>): Promise<T> {
  const passwords = ROLES.map((role) => [passwordVariableOf(role, CLUSTER), passwordOf(role)] as const)
  Object.assign(process.env, Object.fromEntries(passwords))
  try {
    return await work()
  } finally {
    for (const [name] of passwords) delete process.env[name]
  }
}

function seedFile(folder: string, role: NatsRole): string {
  return join(folder, 'keys', `${natsUserOf(role, CLUSTER)}.nk`)
}

function passwordOf(role: NatsRole): string {
  return `a-password-of-${role}`
}

/** What the server refuses next. */
async function violationOf(connection: NatsConnection): Promise<{ operation: string; subject: string }> {
  for await (const status of connection.status()) {
    const context = status.permissionContext
    if (context !== undefined) return context
  }
  throw new Error('the connection ended')
}

/** What each role has published and subscribed to, by the names of its connections. */
function subjectsIn(log: string): Map<string, Set<string>> {
  const seen = new Map<string, Set<string>>()
  for (const [, name = '', verb = '', subject = ''] of log.matchAll(
    /nats\.js:([^"]*)"(?: - "[^"]*")? - <<- \[(PUB|HPUB|SUB) (\S+)/g,
  )) {
    const role = roleOf(name)
    if (role === undefined) continue
    const key = `${role} ${verb === 'SUB' ? 'subscribe' : 'publish'}`
    seen.set(key, (seen.get(key) ?? new Set()).add(subject))
  }
  return seen
}

function roleOf(connection: string): NatsRole | undefined {
  if (connection.startsWith('jm-')) return 'job-manager'
  if (connection.startsWith('tm-')) return 'task-manager'
  return ROLES.find((role) => connection.startsWith(`${role}/`))
}

/** Whether a subject, perhaps one with a wildcard at its end, is among those that the pattern allows. */
function covers(pattern: string, subject: string): boolean {
  const [allowed, tokens] = [pattern.split('.'), subject.split('.')]
  for (const [index, token] of allowed.entries()) {
    if (token === '>') return tokens.length > index
    if (token !== '*' && token !== tokens[index]) return false
  }
  return tokens.length === allowed.length
}
