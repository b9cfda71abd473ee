import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Availability, availabilityOf, mustHave, remembered } from './availability.js'
import { findProgram, mustRun } from './command.js'
import { cached, unpackDebian } from './download.js'

/** One record as kcat tells it: bytes are read as UTF-8. */
export interface KcatRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly ts: number
  readonly key: string | null
  readonly payload: string | null
  /** Names and values in turn. */
  readonly headers?: readonly string[]
}

interface KcatProgram {
  readonly path: string
  readonly env: NodeJS.ProcessEnv
}

const program = remembered('kcat', () => availabilityOf(findKcat))

/** Which kcat the tests would run, or why there is none. Downloads it when it is neither on PATH nor cached. */
export function kcatAvailability(): Promise<Availability<KcatProgram>> {
  return program()
}

/**
 * Reads a topic with another client than ours, from its beginning to what was its end: the oracle of the e2e suite.
 * Records of aborted transactions are left out (`isolation.level=read_committed`).
 */
export async function consumeEach(
  bootstrap: string,
  topic: string,
  onRecord: (record: KcatRecord) => void,
): Promise<number> {
  const { path, env } = await mustHave('kcat', kcatAvailability())
  const from = ['-C', '-b', bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q', '-J']
  const kcat = spawn(path, [...from, '-X', 'isolation.level=read_committed'], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  kcat.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  const ended = new Promise<number>((resolve) => kcat.once('close', (code) => resolve(code ?? -1)))
  let records = 0
  for await (const line of createInterface({ input: kcat.stdout, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line === '') continue
    records++
    onRecord(JSON.parse(line) as KcatRecord)
  }
  const code = await ended
  if (code !== 0) throw new Error(`kcat ended with ${code} on topic ${topic}: ${said.trim()}`)
  return records
}

/** The whole topic, by partition and offset. */
export async function consumeAll(bootstrap: string, topic: string): Promise<KcatRecord[]> {
  const records: KcatRecord[] = []
  await consumeEach(bootstrap, topic, (record) => records.push(record))
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** Writes values (no keys, one line each) to a topic with another client than ours. */
export async function produceLines(
  bootstrap: string,
  topic: string,
  lines: readonly string[],
): Promise<void> {
  const { path, env } = await mustHave('kcat', kcatAvailability())
  const kcat = spawn(path, ['-P', '-b', bootstrap, '-t', topic], { env, stdio: ['pipe', 'ignore', 'pipe'] })
  let said = ''
  kcat.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString()
  })
  kcat.stdin.end(lines.map((line) => `${line}\n`).join(''))
  const code = await new Promise<number>((resolve) => kcat.once('close', (answer) => resolve(answer ?? -1)))
  if (code !== 0) throw new Error(`kcat ended with ${code} writing to topic ${topic}: ${said.trim()}`)
}

async function findKcat(): Promise<KcatProgram> {
  const onPath = findProgram('kcat')
  if (onPath !== undefined) return { path: onPath, env: process.env }
  const folder = await cached('kcat-debian', (fresh) => unpackDebian(['kcat'], fresh, true))
  const path = join(folder, 'usr', 'bin', 'kcat')
  const env = { ...process.env, LD_LIBRARY_PATH: librariesIn(folder).join(':') }
  await mustRun(path, ['-V'], { env })
  return { path, env }
}

/** Debian keeps libraries below a folder named after the architecture, some of them in /lib and some in /usr/lib. */
function librariesIn(folder: string): string[] {
  const roots = [join(folder, 'usr', 'lib'), join(folder, 'lib')].filter((root) => existsSync(root))
  return roots.flatMap((root) => {
    const below = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory())
    return [root, ...below.map((entry) => join(root, entry.name))]
  })
}
