import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type JobHandle, Node } from '#actors/node.js'
import type { CheckpointRecord } from '#src/checkpoint/checkpoint-record.js'
import { systemClock } from '#src/kit/clock.js'
import { errorInfoOf } from '#src/kit/errors.js'
import { defaultMaxParallelism, keyGroupOf, subtaskOfGroup } from '#src/kit/key-group.js'
import { systemRandom } from '#src/kit/random.js'
import { describeWith } from '../support/describe-with.js'
import { codesOf, expectError } from '../support/expect-error.js'
import { type KafkaBroker, startKafka } from '../support/kafka-broker.js'
import { KeptLog } from '../support/kept-log.js'
import { type PostgresServer, startPostgres } from '../support/postgres-server.js'
import { PROJECT } from '../support/project.js'
import { SmallDisk } from '../support/small-disk.js'
import { until } from '../support/until.js'
import { withProducer } from './kafka-reader-run.js'
import { WatchedJob } from './watched-job.js'

const CLICKS = 'test/e2e/jobs/clicks.ts'
const PASSWORD = 'cut'
const FOLDER = mkdtempSync(join(tmpdir(), 'retake-bad-input-'))

const NO_DISK = SmallDisk.whyNot()

await describeWith({ kafka: true, postgres: true }, 'bad input', () => {
  let kafka: KafkaBroker
  let postgres: PostgresServer
  let node: Node
  let count = 0
  const log = new KeptLog()
  const jobs: WatchedJob[] = []
  const nodes = new Set<Node>()

  beforeAll(async () => {
    ;[kafka, postgres] = await Promise.all([
      startKafka({ sasl: { username: 'director', password: PASSWORD } }),
      startPostgres(),
    ])
    node = await nodeOn(join(FOLDER, 'state'), 2)
  }, 120_000)

  afterAll(async () => {
    await Promise.all([...nodes].map(stopped)).finally(() => Promise.all([kafka?.stop(), postgres?.stop()]))
    rmSync(FOLDER, { recursive: true, force: true })
  }, 60_000)

  /** A test that failed must not keep the slots that the next one needs. */
  afterEach(async () => {
    await Promise.all(jobs.splice(0).map((job) => job.giveUp()))
  })

  async function nodeOn(stateDirectory: string, slots: number, slotRequestMs?: number): Promise<Node> {
    const started = await Node.start({
      stateDirectory,
      slots,
      clock: systemClock,
      random: systemRandom,
      logger: log,
      ...(slotRequestMs !== undefined && { slotRequestMs }),
    })
    nodes.add(started)
    return started
  }

  async function stopped(one: Node): Promise<void> {
    nodes.delete(one)
    await one.stop()
  }

  /** A topic of two partitions and a table, both new; `params` for a job that reads the one into the other. */
  async function place(topicConfig: Record<string, string | number> = {}) {
    const name = `place_${count++}`
    await kafka.createTopic(name, { partitions: 2, config: topicConfig })
    const params = {
      brokers: kafka.bootstrap,
      topic: name,
      database: postgres.url,
      table: name,
      'create-table': '',
    }
    return { name, params }
  }

  async function submit(
    file: string,
    params: Record<string, string>,
    fromCheckpoint?: number,
    on = node,
  ): Promise<WatchedJob> {
    const from = fromCheckpoint === undefined ? {} : { fromCheckpoint: String(fromCheckpoint) }
    return watched(await on.submit({ file: join(PROJECT, file), params, parallelism: 2, ...from }))
  }

  function watched(handle: JobHandle): WatchedJob {
    const job = new WatchedJob(handle)
    jobs.push(job)
    return job
  }

  async function resume(on: Node, file: string, params: Record<string, string>): Promise<WatchedJob> {
    const handle = await on.resume({ file: join(PROJECT, file), params, parallelism: 2 })
    if (handle === undefined) throw new Error('there is no run to go on with')
    return watched(handle)
  }

  async function produce(
    topic: string,
    partition: number,
    values: readonly (string | null)[],
  ): Promise<void> {
    await withProducer(kafka.bootstrap, (producer) =>
      producer.send({ topic, messages: values.map((value) => ({ value, partition })) }),
    )
  }

  async function counts(table: string): Promise<Record<string, number>> {
    const rows = await postgres.query<{ user_id: string; clicks: string }>(
      `select user_id, clicks from ${table}`,
    )
    return Object.fromEntries(rows.map(({ user_id, clicks }) => [user_id, Number(clicks)]))
  }

  async function untilCounted(table: string, expected: Record<string, number>): Promise<void> {
    try {
      await until(async () => isEqual(await counts(table), expected), { what: 'the counts', everyMs: 50 })
    } catch {
      expect(await counts(table)).toEqual(expected)
    }
  }

  test.each([
    ['is malformed JSON', '{"userId":"eve","url":', /not JSON/, '{'],
    ['has no user', '{"url":"/","ts":1,"loggedIn":true}', /userId/, 'url'],
    ['is null', 'null', /Object/, 'null'],
    ['has no value', null, /no value \(a tombstone\)/, 'null'],
  ] as const)(
    'when a record %s, then the job fails at once and names it; told to skip, it goes on exactly',
    async (_, bad, why, sample) => {
      const { name, params } = await place()
      await produce(name, 0, [click('ann'), click('ben')])
      await produce(name, 1, [click('ben')])
      const job = await submit(CLICKS, params)
      await untilCounted(name, { ann: 1, ben: 2 })
      await produce(name, 1, [click('ann'), bad, click('cy')])
      await produce(name, 0, [click('ben')])

      const { error, end } = await job.failed()
      expectError(error, 'RT1403', {
        what: `the record at offset 2 of partition 1 of topic ${name} cannot be decoded`,
        why,
        fix: /onBadRecord: "skip"/,
        where: /click-flow\.ts:\d+$/,
      })
      expect(error.why).toContain(`it is ${sample}`.slice(0, 6))
      expectAtOnce(job)

      const skipping = await submit(CLICKS, { ...params, skip: '' }, end.checkpoint)
      await untilCounted(name, { ann: 2, ben: 3, cy: 1 })
      expect(skippedIn(log, skipping)).toEqual([1])
    },
  )

  test('when a thousand bad records are among good ones, then all are counted and a few are shown', async () => {
    const { name, params } = await place()
    const good = Array.from({ length: 500 }, (_, index) => click(`user-${index % 7}`))
    await produce(
      name,
      0,
      good.flatMap((value) => ['not JSON', value]),
    )
    await produce(
      name,
      1,
      good.flatMap((value) => [value, null]),
    )

    const job = await submit(CLICKS, { ...params, skip: '', bounded: '' })
    await job.finished()
    expect(await counts(name)).toEqual(countsOf([...good, ...good]))
    expect(job.metrics?.recordsSkipped).toBe(1_000)
    const told = skippedIn(log, job)
    expect(told.sort()).toEqual(
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 16, 16, 32, 32, 64, 64, 128, 128, 256, 256].sort(),
    )
  })

  test('when a record of 2 MB must cross a channel, then the job names the operator; cut by user code, it arrives', async () => {
    const { name, params } = await place({ 'max.message.bytes': 4_000_000 })
    const far = userOf(1)
    await produce(name, 0, [click('ann'), click(far)])
    const job = await submit(CLICKS, params)
    await untilCounted(name, { ann: 1, [far]: 1 })
    await produce(name, 0, [click('ann'), click(far, '-'.repeat(2_000_000)), click(far), click('ann')])

    const { error, end } = await job.failed()
    expectError(error, 'RT1612', {
      what: /^a record takes 2\d{6} bytes, more than a frame may have/,
      why: /never cut/,
      fix: /split the record|keep large values elsewhere/,
      where: /^map-\d+ \(.*click-flow\.ts:\d+\)$/,
    })
    expectAtOnce(job)

    await submit(CLICKS, { ...params, mended: '' }, end.checkpoint)
    await untilCounted(name, { ann: 3, [far]: 3 })
  })

  test('when a user id has a NUL, then the job shows the record; filtered by user code, the others arrive', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann')])
    const job = await submit(CLICKS, params)
    await untilCounted(name, { ann: 1 })
    await produce(name, 0, [click('ann'), click('nul\0'), click('ben')])

    const { error, end } = await job.failed()
    expectError(error, 'RT1446', {
      what: /^a record does not fit table place_\d+: {.*"userId":"nul\\u0000"/,
      why: /^the value of column "user_id" \(text\) is a string with a NUL character/,
      fix: /filter or map/,
      where: /click-flow\.ts:\d+$/,
    })
    expectAtOnce(job)

    await submit(CLICKS, { ...params, mended: '' }, end.checkpoint)
    await untilCounted(name, { ann: 2, ben: 1 })
  })

  test('when user ids have half a surrogate pair, then they count as U+FFFD, wherever they are summed', async () => {
    const { name, params } = await place()
    const halves = ['\ud83d', '\ude00', 'a\ud83d', 'b\ud83d', 'c\ud83d', 'd\ud83d']
    const whole = ['\ufffd', '😀']
    const users = [...halves, ...whole]
    expect(new Set(users.map(subtaskOf)).size).toBe(2)
    for (const partition of [0, 1])
      await produce(
        name,
        partition,
        users.map((user) => click(user)),
      )
    const job = await submit(CLICKS, params)
    const expected = (times: number) => ({
      '\ufffd': 3 * times,
      'a\ufffd': times,
      'b\ufffd': times,
      'c\ufffd': times,
      'd\ufffd': times,
      '😀': times,
    })
    await untilCounted(name, expected(2))
    const running = job.event(({ type }) => type === 'attempt')
    expect(await node.crashSlot()).toBe(true)
    await running
    await produce(
      name,
      0,
      users.map((user) => click(user)),
    )
    await untilCounted(name, expected(3))
  })

  test('when half a surrogate pair reaches a column as it is, then the job shows the record', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann'), click('half \ud83d')])
    const { error } = await (await submit('examples/click-log.ts', exampleParams(params))).failed()
    expectError(error, 'RT1446', {
      what: /"userId":"half \\ud83d"/,
      why: /half a surrogate pair/,
      fix: /filter or map/,
      where: /click-log\.ts:\d+$/,
    })
    expect(await counts(name).catch(() => ({}))).toEqual({})
  })

  test.each([
    [
      'test/e2e/jobs/duplicate-id.ts',
      'RT1001',
      'the id "out" is used twice',
      /first used at .*duplicate-id\.ts:6/,
      /another id/,
      /duplicate-id\.ts:7$/,
    ],
    [
      'test/e2e/jobs/no-sink.ts',
      'RT1002',
      'the job has no sink',
      /go nowhere/,
      /\.to\('id', sink\)/,
      /no-sink\.ts:\d+$/,
    ],
  ] as const)(
    'when %s is submitted, then it is refused with %s and leaves nothing',
    async (file, code, what, why, fix, where) => {
      const state = join(FOLDER, code)
      const other = await nodeOn(state, 1)
      const refusal = await submit(file, {}, undefined, other).then(() => undefined, errorInfoOf)
      expectError(refusal, code, { what, why, fix, where })
      expect(existsSync(join(state, 'runs'))).toBe(false)
    },
  )

  test('when the topic is missing, then the job fails at once; once it is there, every click counts', async () => {
    const name = `place_${count++}`
    const params = exampleParams({
      brokers: kafka.bootstrap,
      topic: name,
      database: postgres.url,
      table: name,
    })
    const job = await submit('examples/click-count.ts', params)
    const { error, end } = await job.failed()
    expectError(error, 'RT1401', {
      what: `topic "${name}" at ${kafka.bootstrap}: there is no such topic`,
      why: /UNKNOWN_TOPIC_OR_PARTITION/,
      fix: /^create the topic, or correct its name/,
      where: /click-count\.ts:\d+$/,
    })
    expectAtOnce(job)
    expect(end.checkpoint).toBeUndefined()

    await kafka.createTopic(name, { partitions: 2 })
    await produce(name, 1, [click('ann'), click('ben')])
    await (await submit('examples/click-count.ts', params)).finished()
    expect(await counts(name)).toEqual({ ann: 1, ben: 1 })
  })

  test('when a password is wrong, then the job fails at once with the whole chain of causes', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann')])

    const wrong = new URL(postgres.url)
    wrong.password = 'guessed'
    const refused = await submit(CLICKS, { ...params, database: wrong.href })
    const { error, end } = await refused.failed()
    expectError(error, 'RT1441', {
      what: `PostgreSQL refused the credentials for table ${name}`,
      why: /password authentication failed for user "retake" \(28P01\)/,
      fix: /^correct user and password in the address of the database/,
      where: /click-flow\.ts:\d+$/,
    })
    expect(error.cause).toMatchObject({ message: expect.stringMatching(/password authentication failed/) })
    expect(JSON.stringify(error)).not.toContain('guessed')
    expectAtOnce(refused)

    const sasl = { ...params, brokers: String(kafka.saslBootstrap) }
    const untrusted = await submit(CLICKS, { ...sasl, password: 'guessed' })
    const { error: kafkaError } = await untrusted.failed()
    expectError(kafkaError, 'RT1404', {
      what: new RegExp(`^topic "${name}" at ${kafka.saslBootstrap}: Kafka`),
      why: /[Aa]uthentication/,
      fix: /^correct sasl/,
      where: /click-flow\.ts:\d+$/,
    })
    expect(kafkaError.cause).toMatchObject({ cause: { name: 'KafkaJSProtocolError' } })
    expect(JSON.stringify(kafkaError)).not.toContain('guessed')
    expectAtOnce(untrusted)

    await submit(CLICKS, { ...sasl, password: PASSWORD }, end.checkpoint)
    await untilCounted(name, { ann: 1 })
  })

  test('when the table is missing, then the job fails at once; once it is there, it goes on', async () => {
    const { name, params } = await place()
    const { 'create-table': _, ...own } = params
    await produce(name, 0, [click('ann')])
    const job = await submit(CLICKS, own)
    const { error, end } = await job.failed()
    expectError(error, 'RT1443', {
      what: `table ${name} does not exist in schema public`,
      why: /none of this name/,
      fix: /^create it, .*createTable: true$/,
      where: /click-flow\.ts:\d+$/,
    })
    expectAtOnce(job)

    await postgres.query(`create table ${name} (user_id text primary key, clicks bigint)`)
    await submit(CLICKS, { ...own }, end.checkpoint)
    await untilCounted(name, { ann: 1 })
  })

  test.each([
    ['table', 'RT1443', 'rename to', 'rename to', /is missing/, /does not exist/],
    [
      'column',
      'RT1444',
      'rename clicks to',
      'rename',
      /is not as the sink needs it/,
      /clicks.* does not exist/,
    ],
  ] as const)(
    'when a %s goes away under a running job, then it fails at once; once it is back, nothing is lost',
    async (kind, code, away, back, what, why) => {
      const { name, params } = await place()
      await produce(name, 0, [click('ann'), click('ben')])
      const job = await submit(CLICKS, params)
      await untilCounted(name, { ann: 1, ben: 1 })
      await postgres.query(`alter table ${name} ${away} gone_${name}`)
      await produce(name, 1, [click('ann'), click('cy')])
      const { error, end } = await job.failed()
      expectError(error, code, {
        what,
        why,
        fix: kind === 'table' ? /^create it/ : /agree$/,
        where: /click-flow\.ts:\d+$/,
      })
      expectAtOnce(job)

      await postgres.query(
        kind === 'table'
          ? `alter table gone_${name} ${back} ${name}`
          : `alter table ${name} ${back} gone_${name} to clicks`,
      )
      await submit(CLICKS, { ...params }, end.checkpoint)
      await untilCounted(name, { ann: 2, ben: 1, cy: 1 })
    },
  )

  test('when there are too few slots, then the job waits and says why; with enough of them it begins', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann'), click('ben')])
    const state = join(FOLDER, 'few')
    const small = await nodeOn(state, 1)
    const waiting = await submit(CLICKS, params, undefined, small)
    const status = await waiting.event(
      (event) => event.type === 'status' && event.reason?.startsWith('waiting') === true,
      'beginning',
    )
    expect(status).toMatchObject({ reason: expect.stringMatching(/^waiting for slots: .*2.*1/) })
    expect(waiting.attempts).toBe(0)
    await stopped(small)

    const large = await nodeOn(state, 2)
    await resume(large, CLICKS, params)
    await untilCounted(name, { ann: 1, ben: 1 })
  })

  test('when too few slots come in time, then the job fails with what is missing; with enough of them it goes on', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann'), click('ben')])
    const state = join(FOLDER, 'late')
    const small = await nodeOn(state, 1, 500)
    const job = await submit(CLICKS, params, undefined, small)
    const { error, end } = await job.failed()
    expectError(error, 'RT1511', {
      what: /^the job got no slots in 0.5 s/,
      why: /.*2.*1/,
      fix: /more task managers|more slots/,
      where: 'the resource manager',
    })
    expectAtOnce(job)
    await stopped(small)

    await submit(CLICKS, params, end.checkpoint, await nodeOn(state, 2))
    await untilCounted(name, { ann: 1, ben: 1 })
  })

  test('when a part of the newest checkpoint is damaged, then the job names it; mended, it goes on exactly', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann'), click('ben')])
    const state = join(FOLDER, 'damaged')
    const first = await nodeOn(state, 2)
    await submit(CLICKS, params, undefined, first)
    await untilCounted(name, { ann: 1, ben: 1 })
    await stopped(first)
    await produce(name, 1, [click('ann')])

    const parts = partsIn(join(state, 'blobs')).filter((path) => !/manifest/.test(path))
    expect(parts.length).toBeGreaterThan(0)
    const whole = new Map(parts.map((path) => [path, readFileSync(path)]))
    for (const [path, bytes] of whole) writeFileSync(path, flipped(bytes))

    const second = await nodeOn(state, 2)
    const job = await resume(second, CLICKS, params)
    const { error, end } = await job.failed()
    expectError(error, 'RT1203', {
      what: /, a part of a checkpoint, cannot be used$/,
      why: /^its sha256 is /,
      fix: /^restore that file from a copy, or .*--from-checkpoint/,
      where: new RegExp(`^${state}/blobs/`),
    })
    expect(parts).toContain(error.where)
    expectAtOnce(job)

    for (const [path, bytes] of whole) writeFileSync(path, bytes)
    await submit(CLICKS, { ...params }, end.checkpoint, second)
    await untilCounted(name, { ann: 2, ben: 1 })
  })

  test('when the log is of another graph, then it is not gone on with; by its own job it is, exactly', async () => {
    const { name, params } = await place()
    await produce(name, 0, [click('ann'), click('ben')])
    const state = join(FOLDER, 'other')
    const first = await nodeOn(state, 2)
    await submit(CLICKS, params, undefined, first)
    await untilCounted(name, { ann: 1, ben: 1 })
    await stopped(first)
    await produce(name, 1, [click('ann')])

    const second = await nodeOn(state, 2)
    const refusal = await resume(second, 'test/e2e/jobs/other-graph.ts', params).then(
      () => undefined,
      errorInfoOf,
    )
    expectError(refusal, 'RT1206', {
      what: /^checkpoint \d+ of run \S+ \(job clicks\) holds state of "count", "table", which the job has not$/,
      why: /found by operator id/,
      fix: /^give those operators their ids back \(the job has "clicks", "total", "nowhere"\)/,
      where: /other-graph\.ts:\d+$/,
    })

    await resume(second, CLICKS, params)
    await untilCounted(name, { ann: 2, ben: 1 })
  })

  test.skipIf(NO_DISK !== undefined).each([
    ['patient-clicks.ts', 'goes on without checkpoints', 1],
    ['clicks.ts', 'starts again', 2],
  ])(
    `when the disk is full under %s, then the job %s, and is exact once there is room${NO_DISK === undefined ? '' : ` [${NO_DISK}]`}`,
    async (file, _, attempts) => {
      const { name, params } = await place()
      await produce(name, 0, [click('ann'), click('ben')])
      const disk = new SmallDisk(join(FOLDER, `disk-${file}`))
      const other = await nodeOn(join(disk.folder, 'state'), 2)
      try {
        const job = await submit(`test/e2e/jobs/${file}`, params, undefined, other)
        await untilCounted(name, { ann: 1, ben: 1 })
        const { failure } = await failedFor(job, () => disk.fill())
        await produce(name, 1, [click('ann'), click('cy')])
        expect(codesOf(failure)).toEqual(['RT1305', 'RT1301'])
        expectError(failure?.cause, 'RT1301', {
          what: new RegExp(`^no space is left to write ${disk.folder}/`),
          why: 'the file system is full',
          fix: /^make room.*the last complete checkpoint is untouched$/,
          where: new RegExp(`^${disk.folder}/state/blobs/`),
        })
        if (attempts > 1) {
          const waits = /^waiting for the log of the job: no space is left/
          await job.event((event) => event.type === 'status' && waits.test(event.reason ?? ''), 'beginning')
          expect(job.failures.map(({ error }) => codesOf(error))).toEqual([['RT1303', 'RT1305', 'RT1301']])
        }
        expect(await counts(name)).toEqual({ ann: 1, ben: 1 })

        disk.makeRoom()
        await untilCounted(name, { ann: 2, ben: 1, cy: 1 })
        expect(job.attempts).toBe(attempts)
        await job.giveUp()
      } finally {
        await stopped(other)
        disk.unmount()
      }
    },
  )
})

/**
 * Spoils each checkpoint that opens until one has failed. What an older one leaves behind may be just enough for the
 * next one, so once is not enough.
 */
async function failedFor(job: WatchedJob, spoil: () => void): Promise<CheckpointRecord> {
  for (;;) {
    const event = await job.event(({ type }) => type === 'checkpoint')
    if (event.type !== 'checkpoint') continue
    if (event.record.state === 'failed') return event.record
    if (event.record.state === 'opening') spoil()
  }
}

/** What the example jobs take of a place's parameters, to end with what is in the topic. */
function exampleParams({
  brokers = '',
  topic = '',
  database = '',
  table = '',
}: Partial<Record<string, string>>) {
  return { brokers, topic, database, table, bounded: 'true' }
}

/** Which subtask of two sums the clicks of a user. */
function subtaskOf(userId: string): number {
  const max = defaultMaxParallelism(2)
  return subtaskOfGroup(keyGroupOf(userId, max), 2, max)
}

function userOf(subtask: number): string {
  for (let number = 0; ; number++) if (subtaskOf(`far-${number}`) === subtask) return `far-${number}`
}

function countsOf(clicks: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const one of clicks) {
    const { userId } = JSON.parse(one) as { userId: string }
    counts[userId] = (counts[userId] ?? 0) + 1
  }
  return counts
}

function partsIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** With its middle bit turned. */
function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  const middle = copy.length >> 1
  copy[middle] = (copy[middle] ?? 0) ^ 1
  return copy
}

/** A record of the topic. */
function click(userId: string, url = '/'): string {
  return JSON.stringify({ userId, url, ts: 1, loggedIn: true })
}

/** No restart was tried. */
function expectAtOnce({ failures, attempts }: WatchedJob): void {
  expect(failures.map(({ restartInMs }) => restartInMs)).toEqual([undefined])
  expect(attempts).toBeLessThanOrEqual(1)
}

/** How many records each line of the log says are skipped by now. */
function skippedIn({ lines }: KeptLog, { handle }: WatchedJob): unknown[] {
  return lines
    .filter(({ fields, message }) => fields['run'] === handle.run && /skipped/.test(message))
    .map(({ fields }) => fields['skipped'])
}

function isEqual(a: Record<string, number>, b: Record<string, number>): boolean {
  const names = Object.keys(a)
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name])
}
