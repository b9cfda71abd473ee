import { ClusterClient } from '../../actors/cluster-client.js'
import type { JobEnd, JobHandle } from '../../actors/node.js'
import { JetStreamStateStore } from '../cluster/jetstream-state-store.js'
import { TopicFeed } from '../connector/kafka/topic-feed.js'
import { databaseAddress } from '../connector/postgres/database-address.js'
import { PostgresClient } from '../connector/postgres/postgres-client.js'
import { faultError, PostgresFault } from '../connector/postgres/postgres-fault.js'
import { resolveSecret } from '../connector/secret-value.js'
import { executionGraphOf, requiredSlots } from '../graph/execution-graph.js'
import { systemClock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import { randomToken, systemRandom } from '../kit/random.js'
import { ClickFeed } from './click-feed.js'
import { clusterAddressOf } from './cluster-address.js'
import type { RunCommand } from './command.js'
import { processControls } from './controls.js'
import { ClusterStage } from './demo-cluster-stage.js'
import { EmbeddedStage } from './demo-embedded-stage.js'
import { type DemoExample, demoExample } from './demo-example.js'
import { factLine, moreLine } from './demo-lines.js'
import { DemoNode, NodeEnded } from './demo-node.js'
import { DemoRun } from './demo-run.js'
import type { DemoStage } from './demo-stage.js'
import { verdictLines, verdictOf } from './demo-verdict.js'
import { EXIT, type ExitCode } from './exit-code.js'
import type { Invocation } from './invocation.js'
import { pinoLogger } from './pino-logger.js'
import { shownPath } from './shown-path.js'
import type { Terminal } from './terminal.js'
import { counted, countText, durationText } from './units.js'

const COUNT = 1_000_000
const LASTS_S = 15
const PARTITIONS = 4

interface Demo {
  readonly count: number
  readonly rate: number
  readonly seed: number
  readonly brokers: string | undefined
  readonly table: string
  readonly example: DemoExample
  readonly database: PostgresClient
  readonly stage: DemoStage
  readonly terminal: Terminal
  oracle?: ReadonlyMap<string, number>
}

/** What stands while the demonstration goes on, to be put away however it ends. */
interface Props {
  topic?: TopicFeed
  run?: DemoRun
  isInterrupted?: true
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
    brokers: invocation.text('kafka'),
    table: `retake_demo_${randomToken(systemRandom, 6)}`,
    example: await demoExample(),
    database: new PostgresClient({
      address: databaseAddress(resolveSecret<string>({ '~secret': 'database' })),
      applicationName: 'retake demo',
      statementTimeoutMs: 60_000,
      clock: systemClock,
      logger,
    }),
    stage: stageOf(invocation, logger),
    terminal,
  }
  const props: Props = {}
  const controls = processControls()
  let release = () => {}
  const interrupted = new Promise<ExitCode>((resolve) => {
    release = controls.listen((order) => {
      if (order === 'checkpoint') return
      if (order === 'crash-slot') return void props.run?.crash()
      const code = order === 'terminate' ? EXIT.terminated : EXIT.interrupted
      // The first time everything is put away, the second time nothing is.
      if (props.isInterrupted) process.exit(code)
      props.isInterrupted = true
      resolve(code)
    })
  })
  try {
    return await Promise.race([perform(demo, props, controls.hasKeys), demo.stage.broken, interrupted])
  } catch (error) {
    if (error instanceof NodeEnded) {
      terminal.talk(`${terminal.palette.bad('✘')} ${error.message}`)
      return EXIT.unreachable
    }
    throw error instanceof PostgresFault ? faultError(error, 'the demonstration') : error
  } finally {
    props.run?.close()
    await demo.stage.close()
    await props.topic?.remove()
    await query(demo, `drop table if exists ${demo.table}`).catch(() => {})
    await demo.database.close()
    release()
  }
}

async function perform(demo: Demo, props: Props, hasKeys: boolean): Promise<ExitCode> {
  const { terminal, stage } = demo
  const { palette } = terminal
  await introduce(demo)
  await stage.build((fact) => terminal.talk(factLine(fact, palette)))
  const topic = demo.brokers === undefined ? undefined : await topicFor(demo, demo.brokers)
  if (topic !== undefined) props.topic = topic
  const job = await submit(demo, topic)
  if (hasKeys) {
    terminal.talk(palette.faint(`  k crashes ${stage.prop}, whenever you like · Ctrl-C ends it`))
  }
  const run = new DemoRun({ stage, job, terminal, clock: systemClock })
  props.run = run
  const end = topic === undefined ? await run.follow() : await throughKafka(demo, run, topic)
  return end.outcome === 'failed' ? EXIT.failed : judge(demo, run.crashes)
}

/** Processes where there is a NATS for them. */
function stageOf(invocation: Invocation, logger: Logger): DemoStage {
  const [clock, random] = [systemClock, systemRandom]
  const nats = invocation.text('nats')
  if (nats === undefined || invocation.isSet('embedded')) return new EmbeddedStage({ clock, random, logger })
  const address = clusterAddressOf(invocation)
  const cluster = `demo-${randomToken(random, 6)}`
  const place = { nats: address.nats, cluster, clock, random, logger }
  return new ClusterStage({
    nats: address.nats.servers.join(', '),
    clock,
    connect: () => ClusterClient.connect(place),
    async forget() {
      const store = await JetStreamStateStore.open({ ...place, user: 'job-manager', name: 'demo' })
      await store.remove()
      await store.close()
    },
    // What an address holds may be secret, so it does not stand on their command lines.
    nodeOf: (spec) =>
      new DemoNode({ ...spec, cluster, environment: { RETAKE_NATS: nats }, now: () => clock.now() }),
  })
}

async function introduce(demo: Demo): Promise<void> {
  const { terminal, count, rate, brokers, stage } = demo
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
  for (const line of stage.intention) terminal.talk(line)
  terminal.talk('')
}

function topicFor({ table }: Demo, brokers: string): Promise<TopicFeed> {
  return TopicFeed.create({ brokers, topic: table.replaceAll('_', '-'), partitions: PARTITIONS })
}

async function submit(demo: Demo, topic: TopicFeed | undefined): Promise<JobHandle> {
  const { example, table, terminal, stage } = demo
  const { palette } = terminal
  const [file, params] =
    topic === undefined
      ? [example.generated, { count: `${demo.count}`, rate: `${demo.rate}`, seed: `${demo.seed}` }]
      : [example.fromKafka, { brokers: topic.brokers, topic: topic.name }]
  const job = await stage.submit({ file, params: { table, ...params }, parallelism: stage.parallelism })
  const { plan } = job
  const graph = [
    counted(plan.vertices.length, 'vertex', 'vertices'),
    counted(executionGraphOf(plan).subtasks.length, 'subtask', 'subtasks'),
    counted(requiredSlots(plan), 'slot thread', 'slot threads'),
    `a checkpoint every ${durationText(plan.checkpoint.intervalMs)}`,
  ]
  const chains = plan.vertices.map(({ name }) => name).join(' ⇒ ')
  terminal.talk(factLine({ name: 'job', text: shownPath(file) }, palette))
  terminal.talk(factLine({ name: 'graph', text: chains }, palette))
  terminal.talk(moreLine(palette.faint(graph.join(', '))))
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
