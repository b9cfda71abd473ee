import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type CommandResult, run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { SecretSearch } from '../support/secret-search.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { withProducer } from './kafka-reader-run.js'
import { NodeProcess } from './node-process.js'

const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
const JOB = join(PROJECT, 'test', 'e2e', 'jobs', 'secret-clicks.ts')
const USER = 'crew'
/** Each of letters that look different in each encoding. */
const SECRETS = {
  kafka: 'hush/of+kafka~1~',
  database: 'hush/of+postgres~2~',
  nats: 'hush/of+nats~3~',
  wrongKafka: 'lost/of+kafka~4~',
  wrongDatabase: 'lost/of+postgres~5~',
  wrongNats: 'lost/of+nats~6~',
} as const

test('when a secret stands in what was written, in whatever form, then it is found', () => {
  const search = new SecretSearch(SECRETS)
  const { kafka } = SECRETS
  const forms = [
    `password=${kafka}`,
    `postgres://crew:${encodeURIComponent(kafka)}@host/db`,
    JSON.stringify({ password: kafka }),
    Buffer.from(kafka).toString('hex'),
    Buffer.from(`\0crew\0${kafka}`, 'utf16le'),
    ...['', 'a', 'ab'].flatMap((before) => [
      Buffer.from(`${before}${kafka} and more`).toString('base64'),
      Buffer.from(`${before}${kafka}`).toString('base64url'),
    ]),
  ]
  for (const form of forms)
    expect(search.findIn('it', form)).toEqual([expect.stringMatching(/^kafka stands/)])
  expect(search.findIn('it', 'password=****** hush/of+kafka')).toEqual([])
})

await describeWith({ kafka: 'own', postgres: 'own', nats: 'oldest' }, 'secrets', () => {
  const folder = temporaryFolder('secrets')
  const store = join(folder, 'store')
  const directory = join(folder, 'state')
  /** What nodes and commands tell one another: nats-server writes down each message. */
  const overheard = join(folder, 'overheard')
  const nodes: NodeProcess[] = []
  /** All that nodes and commands say, by who says it. */
  const written: (readonly [who: string, what: string])[] = []
  let kafka: KafkaBroker
  let database: PostgresServer
  let nats: NatsServer

  beforeAll(async () => {
    const login = `authorization { user: "${USER}", password: "${SECRETS.nats}" }`
    const listening = `trace: true, max_traced_msg_len: 0, logfile: "${join(overheard, 'nats.log')}"`
    for (const each of [store, overheard]) mkdirSync(each)
    ;[kafka, database, nats] = await Promise.all([
      startKafka({ sasl: { username: USER, password: SECRETS.kafka } }),
      startPostgres({ settings: { fsync: 'off' } }),
      startNats({
        version: 'oldest',
        jetStream: { folder: store },
        config: `${login}\n${listening}`,
        user: USER,
        password: SECRETS.nats,
      }),
    ])
    await database.query(`create role ${USER} superuser login password '${SECRETS.database}'`)
    await kafka.createTopic('clicks', { partitions: 1 })
    await withProducer(kafka.bootstrap, (producer) =>
      producer.send({ topic: 'clicks', messages: ['one', 'two', 'three'].map((value) => ({ value })) }),
    )
  }, 120_000)

  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.kill()))
    await Promise.all([kafka?.stop(), database?.stop(), nats?.stop()])
    rmSync(folder, { recursive: true, force: true })
  }, 60_000)

  test('when a job fails, starts again and is looked at from all sides, then no secret of it is written anywhere', {
    timeout: 180_000,
  }, async () => {
    for (const [name, role, format] of [
      ['jm-1', 'job-manager', 'json'],
      ['tm-1', 'task-manager', 'text'],
      ['tm-2', 'task-manager', 'json'],
    ] as const) {
      await nodeOf(name, role, format).start()
    }
    const right = ['--param', 'kafkaSecret=kafka', '--param', 'databaseSecret=database']
    const plan = (format: string) => retake('plan', JOB, ...params('plan'), ...right, '--format', format)
    for (const { code } of await Promise.all(['text', 'json', 'mermaid'].map(plan))) expect(code).toBe(0)

    expect(await retake('run', JOB, ...params('first'), ...right, '--detach')).toMatchObject({ code: 0 })
    const [{ node: busy }] = (await untilAttempt(2)).placed
    const host = nodes.find(({ name }) => busy === name || busy.startsWith(`${name}-`))
    if (host === undefined) throw new Error(`there is no node ${busy}`)
    await host.kill()
    const { run: first } = await untilAttempt(3)
    // Of three that were sent, a producer that got no answer in time may have sent some once more.
    const [sent] = await kafka.endOffsets('clicks')
    await until(async () => BigInt((await database.query('select from clicks')).length) === sent, {
      what: `${sent} clicks`,
      timeoutMs: 30_000,
    })
    expect(await retake('checkpoints', first, '--now')).toMatchObject({ code: 0 })
    await retake('doctor')
    expect(await retake('cancel', first)).toMatchObject({ code: 0 })

    const wrongKafka = ['--param', 'kafkaSecret=wrong-kafka', '--param', 'databaseSecret=database']
    const wrongDatabase = ['--param', 'kafkaSecret=kafka', '--param', 'databaseSecret=wrong-database']
    for (const [wrong, error] of [
      [wrongKafka, 'RT1404'],
      [wrongDatabase, 'RT1441'],
    ] as const) {
      const ended = await retake('run', JOB, ...params('first'), ...wrong)
      expect(ended).toMatchObject({ code: 6, stderr: expect.stringContaining(error) })
    }
    expect(await retakeAs(SECRETS.wrongNats, 'list')).toMatchObject({
      code: 4,
      stderr: expect.stringContaining('RT1502'),
    })

    for (const words of [
      ['list', '--all'],
      ['show', first],
      ['show', 'secret-clicks'],
      ['checkpoints', 'secret-clicks'],
      ['nodes'],
      ['actors'],
    ]) {
      const [text, json] = await Promise.all([retake(...words), retake(...words, '-o', 'json')])
      expect([text.code, json.code]).toEqual([0, 0])
    }
    const alone = ['dev', JOB, ...params('alone'), ...right, '--param', 'end=yes', '--state', directory]
    expect(await retake(...alone, '--log-level', 'debug')).toMatchObject({ code: 0 })
    for (const node of nodes) if (node.isRunning) await node.leave()
    await nats.halt()

    const search = new SecretSearch(SECRETS)
    expect(search.findBelow(overheard)).toEqual([])
    expect(written.flatMap(([who, what]) => search.findIn(who, what))).toEqual([])
    expect(search.findBelow(store)).toEqual([])
    expect(search.findBelow(directory)).toEqual([])
    // What was looked through is what it should be: the job, its log and its checkpoints, and words about its failures.
    const all = written.map(([, what]) => what).join('\n')
    for (const word of ['not to my liking', 'RT1404', 'RT1441', 'RT1502', '~secret', 'debug'])
      expect(all).toContain(word)
    const kept = new SecretSearch({ bundle: 'not to my liking', reference: '~secret' })
    for (const place of [store, directory, overheard]) {
      const found = kept.findBelow(place).join('\n')
      for (const name of ['bundle', 'reference']) expect(found).toContain(`${name} stands in`)
    }
  })

  function nodeOf(name: string, role: 'job-manager' | 'task-manager', format: string): NodeProcess {
    const slots = role === 'task-manager' ? ['--slots', '2'] : []
    const logs = ['--log-level', 'debug', '--log-format', format]
    const node = new NodeProcess({
      name,
      args: [MAIN, 'node', '--role', role, '--name', name, ...slots, ...logs],
      env: environment(SECRETS.nats),
      onLine: (line) => written.push([name, line]),
    })
    nodes.push(node)
    return node
  }

  function environment(natsPassword: string): Record<string, string> {
    return {
      NO_COLOR: '1',
      RETAKE_NATS: nats.url,
      RETAKE_NATS_USER: USER,
      RETAKE_NATS_PASSWORD: natsPassword,
      RETAKE_SECRET_KAFKA: SECRETS.kafka,
      RETAKE_SECRET_DATABASE: databaseWith(SECRETS.database),
      RETAKE_SECRET_WRONG_KAFKA: SECRETS.wrongKafka,
      RETAKE_SECRET_WRONG_DATABASE: databaseWith(SECRETS.wrongDatabase),
    }
  }

  function databaseWith(password: string): string {
    const url = new URL(database.url)
    url.username = USER
    url.password = encodeURIComponent(password)
    return url.href
  }

  /** @param life of which user code throws once */
  function params(life: string): string[] {
    const given = { brokers: kafka.saslBootstrap, username: USER, thrown: join(folder, life), end: 'no' }
    return Object.entries(given).flatMap(([name, value]) => ['--param', `${name}=${value}`])
  }

  function retake(...args: string[]): Promise<CommandResult> {
    return retakeAs(SECRETS.nats, ...args)
  }

  async function retakeAs(natsPassword: string, ...args: string[]): Promise<CommandResult> {
    const env = { ...process.env, ...environment(natsPassword) }
    const ended = await run(process.execPath, [MAIN, ...args], { cwd: PROJECT, env })
    written.push([`retake ${args[0]}`, ended.stdout], [`retake ${args[0]}`, ended.stderr])
    return ended
  }

  async function untilAttempt(attempt: number): Promise<Shown> {
    const shown = async () => {
      const details = JSON.parse((await retake('show', 'secret-clicks', '-o', 'json')).stdout) as Shown
      const isThere =
        details.status === 'RUNNING' && details.attempt >= attempt && details.checkpoint !== null
      return isThere ? details : undefined
    }
    return until(shown, { what: `attempt ${attempt} to run`, timeoutMs: 60_000, everyMs: 300 })
  }
})

/** Of `retake show -o json`. */
interface Shown {
  readonly run: string
  readonly status: string
  readonly attempt: number
  readonly checkpoint: object | null
  readonly placed: readonly [{ readonly node: string }]
}
