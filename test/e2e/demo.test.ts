import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'

const TIMEOUT_MS = 90_000
const PROGRAM = join(PROJECT, 'dist/src/cli/demo.js')

/** Without a NATS everything runs in one process. */
function environmentOf(database: string, nats = '') {
  return { ...process.env, NO_COLOR: '1', RETAKE_SECRET_DATABASE: database, RETAKE_NATS: nats }
}

function demo(args: readonly string[], database: string, nats?: string) {
  const env = environmentOf(database, nats)
  return run(process.execPath, [PROGRAM, ...args], { env, timeoutMs: TIMEOUT_MS })
}

/** Every process that it told of. */
function pidsIn(said: string): number[] {
  return [...said.matchAll(/process (\d+)|tm-\d \((\d+)\)/g)].map(([, one, other]) => Number(one ?? other))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

await describeWith({ postgres: true }, 'the demonstration in one process', () => {
  let postgres: PostgresServer
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres?.stop())

  test(
    'when a thread is crashed on the way, then it ends with 0, every count exact, and its table gone',
    async () => {
      const { code, stderr } = await demo(['--count', '80000', '--rate', '10000'], postgres.url)
      expect(stderr).toMatch(/\+\d+ ms {2}detected .*\n +\+\d+ ms {2}restart .* from checkpoint \d+\n/)
      expect(stderr).toContain('none lost, none twice, through 1 crash')
      expect(code).toBe(0)
      expect(await postgres.query("select 1 from pg_tables where tablename like 'retake_demo%'")).toEqual([])
    },
    TIMEOUT_MS,
  )

  test(
    'when the job ends before it could be crashed, then nothing was shown: 9',
    async () => {
      const { code, stderr } = await demo(['--count', '1000', '--rate', '100000'], postgres.url)
      expect(stderr).toContain('before it was crashed')
      expect(code).toBe(9)
    },
    TIMEOUT_MS,
  )
})

await describeWith({ postgres: true, nats: 'oldest' }, 'the demonstration on a cluster of processes', () => {
  let postgres: PostgresServer
  let nats: NatsServer
  beforeAll(async () => {
    ;[postgres, nats] = await Promise.all([
      startPostgres(),
      startNats({ version: 'oldest', jetStream: true }),
    ])
  })
  afterAll(() => Promise.all([postgres?.stop(), nats?.stop()]))

  /** A demonstration that runs its job, and what it says from now on. */
  async function running() {
    const env = environmentOf(postgres.url, nats.url)
    const child = spawn(process.execPath, [PROGRAM, '--rate', '5000'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const said = { text: '' }
    child.stderr.on('data', (chunk) => {
      said.text += chunk
    })
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
    await until(() => said.text.includes('subtasks: '), { what: 'the job to run', timeoutMs: TIMEOUT_MS })
    return { child, ended, pids: pidsIn(said.text) }
  }

  test(
    'when a task manager is killed on the way, then every count is exact, and nothing is left of it all',
    async () => {
      const { code, stderr } = await demo(['--count', '60000', '--rate', '7000'], postgres.url, nats.url)
      const [, victim] = /✘ kill -9 +(tm-\d), process \d+, which runs/.exec(stderr) ?? []
      expect(stderr).toMatch(
        /\+\d+ ms {2}detected {2}RT1512 .*\n +\+\d+ ms {2}restart .* from checkpoint \d+\n/,
      )
      expect(stderr).toMatch(/placed {4}subtasks: 4 on tm-\d, 4 on tm-\d\n/)
      expect(stderr).toContain(`✔ ${victim}           started again as process`)
      expect(stderr).toContain('none lost, none twice, through 1 crash')
      expect(code).toBe(0)
      const pids = pidsIn(stderr)
      expect(pids).toHaveLength(6) // four, the victim once more, and the one that took its place
      expect(pids.filter(isAlive)).toEqual([])
      expect(await postgres.query("select 1 from pg_tables where tablename like 'retake_demo%'")).toEqual([])
    },
    TIMEOUT_MS,
  )

  test(
    'when it is interrupted, then it ends with 130, and no process is left',
    async () => {
      const { child, ended, pids } = await running()
      expect(pids.filter(isAlive)).toHaveLength(4)
      child.kill('SIGINT')
      expect(await ended).toBe(130)
      expect(pids.filter(isAlive)).toEqual([])
    },
    TIMEOUT_MS,
  )

  test(
    'when it is killed itself, then its processes end, too',
    async () => {
      const { child, ended, pids } = await running()
      child.kill('SIGKILL')
      await ended
      await until(() => !pids.some(isAlive), { what: 'all processes to end' })
    },
    TIMEOUT_MS,
  )

  test('when NATS has no JetStream, then it says what the first node said that ended of it, and ends with 4', async () => {
    const bare = await startNats({ version: 'oldest' })
    try {
      const { code, stderr } = await demo([], postgres.url, bare.url)
      expect(stderr).toMatch(/✘ [jt]m-\d ended by itself, with 5\n {2}RT1518 .* fix /s)
      expect(code).toBe(4)
    } finally {
      await bare.stop()
    }
  })
})

await describeWith({ postgres: true, kafka: true }, 'the demonstration through Kafka', () => {
  let postgres: PostgresServer
  let kafka: KafkaBroker
  beforeAll(async () => {
    ;[postgres, kafka] = await Promise.all([startPostgres(), startKafka()])
  })
  afterAll(() => Promise.all([postgres?.stop(), kafka?.stop()]))

  test(
    'when the clicks come through a topic, then every count is exact, too, and the topic is removed',
    async () => {
      const args = ['--kafka', kafka.bootstrap, '--count', '65000', '--rate', '5000']
      const { code, stderr } = await demo(args, postgres.url)
      expect(stderr).toContain('none lost, none twice, through 1 crash')
      expect(code).toBe(0)
      const topics = await kafka.admin((admin) => admin.listTopics())
      expect(topics.filter((topic) => topic.startsWith('retake-demo'))).toEqual([])
    },
    TIMEOUT_MS,
  )
})

test('when no database is there, then it says so and ends with 4', async () => {
  const { code, stderr } = await demo([], 'postgres://nobody@127.0.0.1:1/none')
  expect(stderr).toMatch(/^RT1440 /)
  expect(code).toBe(4)
})
