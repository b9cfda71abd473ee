import { type JobEnd, type JobHandle, Node } from '../../actors/node.js'
import { TopicFeed } from '../connector/kafka/topic-feed.js'
import { PostgresClient } from '../connector/postgres/postgres-client.js'
import { faultError, PostgresFault } from '../connector/postgres/postgres-fault.js'
import { resolveSecret } from '../connector/secret.js'
import { executionGraphOf, requiredSlots } from '../graph/execution-graph.js'
import { systemClock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import { randomToken, systemRandom } from '../kit/random.js'
import { ClickFeed } from './click-feed.js'
import type { RunCommand } from './command.js'
import { processControls } from './controls.js'
import { type DemoExample, demoExample } from './demo-example.js'
import { DemoRun } from './demo-run.js'
import { verdictLines, verdictOf } from './demo-verdict.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { pinoLogger } from './pino-logger.js'
import { shownPath } from './shown-path.js'
import { stateDirectory } from './state-directory.js'
import type { Terminal } from './terminal.js'
import { counted, countText, durationText } from './units.js'

const COUNT = 1_000_000
const LASTS_S = 15
const PARALLELISM = 2
const PARTITIONS = 4
const KEYS = '  k crashes a thread, whenever you like · Ctrl-C ends it'

interface Demo {
  readonly count: number
  readonly rate: number
  readonly seed: number
  readonly table: string
  readonly example: DemoExample
  readonly database: PostgresClient
  readonly terminal: Terminal
  readonly logger: Logger
  oracle?: ReadonlyMap<string, number>
}

/** Runs the main job on clicks that are known, crashes it on the way, and compares every user with the oracle. */
export const demoCommand: RunCommand = async (invocation, terminal) => {
  const count = invocation.whole('count') ?? COUNT
  const logger = pinoLogger({
    level: 'error',
    format: 'text',
    write: (line) => terminal.talk(line.trimEnd()),
  })
  const demo: Demo = {
    count,
    rate: invocation.whole('rate') ?? Math.ceil(count / LASTS_S),
    seed: invocation.whole('seed', 0) ?? 1,
    table: `retake_demo_${randomToken(systemRandom, 6)}`,
    example: await demoExample(),
    database: new PostgresClient({
      url: resolveSecret<string>({ '~secret': 'database' }),
      applicationName: 'retake demo',
      statementTimeoutMs: 60_000,
      clock: systemClock,
      logger,
    }),
    terminal,
    logger,
  }
  const brokers = invocation.text('kafka')
  const state = await stateDirectory(undefined)
  const stage: Stage = {}
  const controls = processControls()
  let release = () => {}
  const interrupted = new Promise<ExitCode>((resolve) => {
    release = controls.listen((order) => {
      if (order === 'checkpoint') return
      if (order === 'crash-slot') return stage.run?.crash()
      const code = order === 'terminate' ? EXIT.terminated : EXIT.interrupted
      // The first time everything is put away, the second time nothing is.
      if (stage.isInterrupted) process.exit(code)
      stage.isInterrupted = true
      resolve(code)
    })
  })
  try {
    return await Promise.race([perform(demo, stage, state.path, brokers, controls.hasKeys), interrupted])
  } catch (error) {
    throw error instanceof PostgresFault ? faultError(error, 'the demonstration') : error
  } finally {
    stage.run?.close()
    await stage.node?.stop()
    await stage.topic?.remove()
    state.release()
    await query(demo, `drop table if exists ${demo.table}`).catch(() => {})
    await demo.database.close()
    release()
  }
}

/** What stands while the demonstration goes on, to be put away however it ends. */
interface Stage {
  node?: Node
  topic?: TopicFeed
  run?: DemoRun
  isInterrupted?: true
}

async function perform(
  demo: Demo,
  stage: Stage,
  stateDirectory: string,
  brokers: string | undefined,
  hasKeys: boolean,
): Promise<ExitCode> {
  const { terminal, logger } = demo
  await introduce(demo, brokers)
  const topic = brokers === undefined ? undefined : await topicFor(demo, brokers)
  if (topic !== undefined) stage.topic = topic
  const node = await Node.start({
    stateDirectory,
    slots: PARALLELISM,
    clock: systemClock,
    random: systemRandom,
    logger,
  })
  stage.node = node
  const job = await submit(demo, node, topic)
  if (hasKeys) terminal.talk(terminal.palette.faint(KEYS))
  const run = new DemoRun({ node, job, terminal, clock: systemClock })
  stage.run = run
  const end = topic === undefined ? await run.follow() : await throughKafka(demo, run, topic)
  return end.outcome === 'failed' ? EXIT.failed : judge(demo, run.crashes)
}

async function introduce(demo: Demo, brokers: string | undefined): Promise<void> {
  const { terminal, count, rate } = demo
  const [server] = await query<{ version: string }>(
    demo,
    "select current_setting('server_version') as version",
  )
  const source = brokers === undefined ? 'a generator' : `Kafka at ${brokers}`
  terminal.talk('')
  terminal.talk(terminal.palette.strong('Retake: exactly-once stream processing in TypeScript'))
  terminal.talk(
    `${countText(count)} clicks from ${source}, ${countText(rate)} a second, counted by user into PostgreSQL ${server?.version}.`,
  )
  terminal.talk('A thread will be crashed on the way; in the end every count must be exact.')
  terminal.talk('')
}

function topicFor({ table }: Demo, brokers: string): Promise<TopicFeed> {
  return TopicFeed.create({ brokers, topic: table.replaceAll('_', '-'), partitions: PARTITIONS })
}

async function submit(demo: Demo, node: Node, topic: TopicFeed | undefined): Promise<JobHandle> {
  const { example, table, terminal } = demo
  const [file, params] =
    topic === undefined
      ? [example.generated, { count: `${demo.count}`, rate: `${demo.rate}`, seed: `${demo.seed}` }]
      : [example.fromKafka, { brokers: topic.brokers, topic: topic.name }]
  const job = await node.submit({ file, params: { table, ...params }, parallelism: PARALLELISM })
  const { plan } = job
  const graph = [
    counted(plan.vertices.length, 'vertex', 'vertices'),
    counted(executionGraphOf(plan).subtasks.length, 'subtask', 'subtasks'),
    counted(requiredSlots(plan), 'slot thread', 'slot threads'),
    `a checkpoint every ${durationText(plan.checkpoint.intervalMs)}`,
  ]
  const done = terminal.palette.good('✔')
  terminal.talk(`${done} job            ${shownPath(file)}`)
  terminal.talk(`${done} graph          ${plan.vertices.map(({ name }) => name).join(' ⇒ ')}`)
  terminal.talk(`${' '.repeat(17)}${terminal.palette.faint(graph.join(', '))}`)
  return job
}

/** The clicks are written while the job reads them. A topic has no end, so the job is ended when all of them count. */
async function throughKafka(demo: Demo, run: DemoRun, topic: TopicFeed): Promise<JobEnd> {
  const feed = new ClickFeed({ ...demo, topic, clock: systemClock, clickAt: demo.example.clickAt })
  const end = run.follow()
  const isFed = await Promise.race([feed.run().then(() => true), end.then(() => false)])
  feed.stop()
  if (isFed) await run.endWhen(() => isCounted(demo))
  return end
}

async function isCounted(demo: Demo): Promise<boolean> {
  const [row] = await query<{ clicks: string | null }>(
    demo,
    `select sum(clicks) as clicks from ${demo.table}`,
  )
  return Number(row?.clicks) >= sumOf(expected(demo).values())
}

async function judge(demo: Demo, crashes: number): Promise<ExitCode> {
  const { terminal, table } = demo
  const { palette } = terminal
  const rows = await query<{ user_id: string; clicks: string }>(demo, `select user_id, clicks from ${table}`)
  const found = new Map(rows.map(({ user_id, clicks }) => [user_id, Number(clicks)]))
  const verdict = verdictOf(expected(demo), found)
  terminal.talk('')
  for (const line of verdictLines(verdict, crashes, palette)) terminal.talk(line)
  terminal.talk('')
  if (crashes === 0) {
    terminal.talk(
      `${palette.bad('✘')} the job ended before it was crashed: make it last longer with a lower --rate`,
    )
  }
  return verdict.isExact && crashes > 0 ? EXIT.ok : EXIT.inexact
}

/** Counted by the oracle, which knows nothing of Retake, once. */
function expected(demo: Demo): ReadonlyMap<string, number> {
  demo.oracle ??= demo.example.expectedCounts(demo.count, demo.seed)
  return demo.oracle
}

function sumOf(counts: Iterable<number>): number {
  let sum = 0
  for (const count of counts) sum += count
  return sum
}

function query<Row>({ database }: Demo, text: string): Promise<Row[]> {
  return database.query<Row>(text, [])
}
