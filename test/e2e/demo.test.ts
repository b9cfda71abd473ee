import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'

const TIMEOUT_MS = 90_000

function demo(args: readonly string[], database: string) {
  const env = { ...process.env, NO_COLOR: '1', RETAKE_SECRET_DATABASE: database }
  const program = join(PROJECT, 'dist/src/cli/demo.js')
  return run(process.execPath, [program, ...args], { env, timeoutMs: TIMEOUT_MS })
}

await describeWith({ postgres: true }, 'the demonstration', () => {
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
