import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import {
  type Availability,
  availabilityOf,
  mustHave,
  remembered,
} from '../../../test/support/availability.js'
import { mustRun } from '../../../test/support/command.js'
import { cached } from '../../../test/support/download.js'
import { fetchJars, findJava } from '../../../test/support/java.js'
import type { PostgresServer } from '../../../test/support/postgres-server.js'
import { PROJECT } from '../../../test/support/project.js'
import { temporaryFolder } from '../../../test/support/server-process.js'
import type { RunProgram } from '../../main-job/measured-run.js'

export const FLINK_VERSION = '2.2.1'
export const FLINK_HEAP_MB = 1_024

export interface FlinkRun {
  readonly brokers: string
  readonly topic: string
  readonly postgres: PostgresServer
  readonly table: string
  readonly parallelism: number
  /** Records are handed on as they are inside a chain, instead of copied. */
  readonly objectReuse: boolean
  /** `each-update`: the new total of a user at every click. `latest`: of each user once, ahead of each barrier. */
  readonly emit: 'each-update' | 'latest'
  readonly guarantee: 'exactly-once' | 'at-least-once'
}

interface Flink {
  readonly java: string
  readonly jars: string
}

const SOURCES = join(PROJECT, 'bench', 'peers', 'flink')
/** What Flink's own configuration opens to it on Java 17. */
const OPENED = ['lang', 'lang.reflect', 'net', 'io', 'nio', 'text', 'time', 'util']
const OPENED_OF_UTIL = ['util.concurrent', 'util.concurrent.atomic', 'util.concurrent.locks']

const program = remembered('flink', () => availabilityOf(findFlink))

/** Which Flink would be measured, or why there is none. Fetches its jars when they are not cached. */
export function flinkAvailability(): Promise<Availability<Flink>> {
  return program()
}

/** Compiles the job, with a compiler that is a jar like the others: a JRE is enough. Gives what runs it. */
export async function compiledFlink(): Promise<(run: FlinkRun) => RunProgram> {
  const { java, jars } = await mustHave('Flink', flinkAvailability())
  const classes = temporaryFolder('bench-flink')
  const compiler = ['-cp', join(jars, '*'), 'org.eclipse.jdt.internal.compiler.batch.Main', '-17', '-nowarn']
  const against = readdirSync(jars).map((jar) => join(jars, jar))
  const sources = ['-d', classes, '-cp', against.join(delimiter), join(SOURCES, 'ClickCount.java')]
  await mustRun(java, [...compiler, ...sources])
  const opened = [...OPENED, ...OPENED_OF_UTIL].map(
    (name) => `--add-opens=java.base/java.${name}=ALL-UNNAMED`,
  )
  const machine = [`-Xmx${FLINK_HEAP_MB}m`, ...opened, '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
  const classPath = [classes, join(jars, '*')].join(delimiter)
  return (run) => ({ program: java, args: [...machine, '-cp', classPath, 'ClickCount', paramsOf(run)] })
}

/** All of them are strings. */
function paramsOf({ postgres, parallelism, objectReuse, ...rest }: FlinkRun): string {
  const { host, port, database, user, password } = postgres
  return JSON.stringify({
    ...rest,
    jdbc: `jdbc:postgresql://${host}:${port}/${database}`,
    user,
    password,
    parallelism: String(parallelism),
    objectReuse: String(objectReuse),
    checkpoints: `file://${temporaryFolder('bench-flink-checkpoints')}`,
  })
}

async function findFlink(): Promise<Flink> {
  const java = await findJava()
  const jars = await cached(`flink-${FLINK_VERSION}`, (folder) => fetchJars(join(SOURCES, 'pom.xml'), folder))
  return { java, jars }
}
