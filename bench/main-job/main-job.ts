import { fileURLToPath } from 'node:url'
import { KAFKA_VERSION, kafkaAvailability, startKafka } from '../../test/support/kafka-broker.js'
import { postgresAvailability, startPostgres } from '../../test/support/postgres-server.js'
import {
  compiledFlink,
  FLINK_HEAP_MB,
  FLINK_VERSION,
  type FlinkRun,
  flinkAvailability,
} from '../peers/flink/flink.js'
import type { KafkajsRun } from '../peers/kafkajs-and-pg.js'
import type { Benchmark, Contender, Contest, Scale, Target } from '../suite/benchmark.js'
import { ClickCounts } from './click-counts.js'
import { clickTopic, PARTITIONS } from './click-topic.js'
import { clickJson, clicksPerUser, USERS } from './clicks.js'
import { measuredRun, type RunProgram } from './measured-run.js'
import type { RetakeRun } from './retake-run.js'

const CLICKS: Readonly<Record<Scale, number>> = { full: 5_000_000, check: 300_000 }
/** As the job says (`examples/click-count.ts`), and all the others. */
const CHECKPOINT_SECONDS = 5

/** How long senders of the `combined` one add up the clicks of a user. */
const COMBINE = '1s'

const RETAKE = 'retake, exactly-once'
const COMBINED = `${RETAKE}, combined`
const KAFKAJS = 'kafkajs and pg'
const FLINK = `flink ${FLINK_VERSION}`
const FLINK_REUSE = `${FLINK}, object reuse`

const TARGETS: readonly Target[] = [
  { kind: 'ratio', of: RETAKE, over: FLINK_REUSE, aim: 1, floor: 0.4 },
  { kind: 'ratio', of: RETAKE, over: KAFKAJS, aim: 3, floor: 0.4 },
]

type FlinkLine = Omit<FlinkRun, 'brokers' | 'topic' | 'postgres'> & { readonly name: string }

const TUNED = { emit: 'latest', guarantee: 'exactly-once' } as const
const FLINKS: readonly FlinkLine[] = [
  { name: FLINK, table: 'flink', parallelism: 2, objectReuse: false, ...TUNED },
  { name: FLINK_REUSE, table: 'flink_reuse', parallelism: 2, objectReuse: true, ...TUNED },
  {
    name: `${FLINK_REUSE}, parallelism 1`,
    table: 'flink_alone',
    parallelism: 1,
    objectReuse: true,
    ...TUNED,
  },
  {
    name: `${FLINK_REUSE}, each update, at-least-once`,
    table: 'flink_each_update',
    parallelism: 2,
    objectReuse: true,
    emit: 'each-update',
    guarantee: 'at-least-once',
  },
]

/**
 * Each contender is a process of its own that is started anew for each round, on one broker and one PostgreSQL, each with
 * a table of its own, which is then held against what the formula of the clicks says. The clock runs from RUNNING, or
 * where nothing tells that, from the first record, to the answer to the last commit.
 *
 * All of them commit every 5 s, and write the latest total of a user once in that time. Two do not: `each update`, which
 * writes every total that Flink's own `sum` emits, and Retake at-least-once, which writes the latest some 20 times a
 * second. One, `combined`, answers another question, and no target is about it: its senders add up the clicks of a user for a
 * second, so that of his totals there is one for each second and sender. How many clicks a second go by in the second half,
 * when compilers are done, is told beside the rate.
 */
export const mainJob: Benchmark = {
  name: 'main-job',
  question: 'How many clicks a second does the main job count, from a full Kafka topic into PostgreSQL?',
  unit: 'clicks',
  prepare,
}

async function prepare(scale: Scale): Promise<Contest> {
  const missing = await missingServer()
  if (missing !== undefined) return { configuration: {}, contenders: [], absent: [missing] }
  const count = CLICKS[scale]
  const kafka = await startKafka({ heapMb: 512 })
  const postgres = await startPostgres({ settings: { max_prepared_transactions: 20 } })
  const dispose = async () => {
    await Promise.all([kafka.stop(), postgres.stop()])
  }
  try {
    const topic = await clickTopic(kafka, count)
    const expected = clicksPerUser(count)
    const brokers = kafka.bootstrap
    const contender = (name: string, table: string, run: (table: string) => RunProgram): Contender => ({
      name,
      async measure() {
        const counts = new ClickCounts(postgres, table)
        await counts.begin()
        await postgres.query('drop table if exists kafkajs_offsets')
        const sample = await measuredRun(run(table), count, { kafka: kafka.pid, postgres: postgres.pid })
        return { ...sample, ledger: await counts.audit(expected) }
      },
    })

    const retake =
      (guarantee: string, parallelism: number, params: RetakeRun['params'] = {}) =>
      (table: string) =>
        nodeProgram('./retake-run.js', {
          parallelism,
          params: { brokers, topic, database: postgres.url, table, bounded: 'true', guarantee, ...params },
        } satisfies RetakeRun)
    const kafkajs = (table: string) =>
      nodeProgram('../peers/kafkajs-and-pg.js', {
        brokers,
        topic,
        database: postgres.url,
        table,
        commitMs: CHECKPOINT_SECONDS * 1_000,
      } satisfies KafkajsRun)

    const found = await flinkAvailability()
    const program = found.kind === 'available' ? await compiledFlink() : undefined
    const flink = ({ name, table, ...run }: FlinkLine) =>
      program === undefined
        ? []
        : [contender(name, table, () => program({ brokers, topic, postgres, table, ...run }))]

    return {
      configuration: {
        clicks: count,
        users: USERS,
        partitions: PARTITIONS,
        bytesPerClick: clickJson(count).length,
        checkpointSeconds: CHECKPOINT_SECONDS,
        parallelism: 2,
        kafka: KAFKA_VERSION,
        postgres: postgres.version,
        flinkHeapMb: FLINK_HEAP_MB,
      },
      contenders: chosen(scale, [
        contender(RETAKE, 'retake_exactly_once', retake('exactly-once', 2)),
        contender(COMBINED, 'retake_combined', retake('exactly-once', 2, { combine: COMBINE })),
        contender('retake, at-least-once', 'retake_at_least_once', retake('at-least-once', 2)),
        contender(`${RETAKE}, parallelism 1`, 'retake_alone', retake('exactly-once', 1)),
        contender(KAFKAJS, 'kafkajs', kafkajs),
        ...FLINKS.flatMap(flink),
      ]),
      absent: found.kind === 'available' ? [] : FLINKS.map(({ name }) => ({ name, why: found.reason })),
      targets: TARGETS,
      dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** A check sees that each kind of contender runs: those that a promise is about. */
function chosen(scale: Scale, contenders: readonly Contender[]): readonly Contender[] {
  const promised = new Set(
    TARGETS.flatMap((target) => [target.of, ...('over' in target ? [target.over] : [])]),
  )
  return scale === 'full' ? contenders : contenders.filter(({ name }) => promised.has(name))
}

async function missingServer(): Promise<{ name: string; why: string } | undefined> {
  const [kafka, postgres] = await Promise.all([kafkaAvailability(), postgresAvailability()])
  if (kafka.kind === 'unavailable') return { name: 'Kafka', why: kafka.reason }
  if (postgres.kind === 'unavailable') return { name: 'PostgreSQL', why: postgres.reason }
  return undefined
}

function nodeProgram(module: string, run: object): RunProgram {
  const file = fileURLToPath(new URL(module, import.meta.url))
  return { program: process.execPath, args: ['--enable-source-maps', file, JSON.stringify(run)] }
}
