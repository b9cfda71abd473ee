import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorInfoOf, isCurable } from '#src/kit/errors.js'
import { type Certificate, CertificateAuthority, encryptedKey } from '../../support/certificates.js'
import { describeWith } from '../../support/describe-with.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { clicks, PostgresStage, QUICK } from './postgres-stage.js'

/** `plain` comes in anyhow, `guarded` over TLS alone, `shown` with a certificate of its name, and nobody else. */
const ACCESS = [
  'host all retake all scram-sha-256',
  'host all plain all scram-sha-256',
  'hostssl all guarded all scram-sha-256',
  'hostssl all shown all cert',
  'host all all all reject',
]
const PASSWORD = 'hush-hush'

await describeWith({ postgres: 'own', openssl: true }, 'a PostgreSQL with TLS', () => {
  let authority: CertificateAuthority
  let stranger: CertificateAuthority
  let client: Certificate
  let server: PostgresServer
  let plainServer: PostgresServer
  let stage: PostgresStage
  /** So far: each is of an attempt and a checkpoint of its own, and brings a user of that number. */
  let commits = 0
  let folder: string
  let files: Record<'ca' | 'other' | 'cert' | 'key', string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'retake-secured-'))
    authority = await CertificateAuthority.make('the authority')
    stranger = await CertificateAuthority.make('a stranger')
    client = await authority.issue('shown')
    const certificate = await authority.issue('database', ['DNS:localhost'])
    const tls = { certificate, clientAuthority: authority.certificate }
    ;[server, plainServer] = await Promise.all([
      startPostgres({ ...QUICK, tls, access: ACCESS }),
      startPostgres(QUICK),
    ])
    for (const user of ['plain', 'guarded', 'shown']) {
      await server.query(`create role ${user} superuser login password '${PASSWORD}'`)
    }
    stage = await PostgresStage.on(server)
    const kept = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    files = {
      ca: kept('ca.pem', authority.certificate),
      other: kept('other.pem', stranger.certificate),
      cert: kept('client.pem', client.certificate),
      key: kept('client.key', client.key),
    }
  })
  afterAll(async () => {
    await stage?.close()
    await Promise.all([server?.stop(), plainServer?.stop()])
    for (const each of [authority, stranger]) each?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const PATHS = /CA|OTHER|CERT|KEY/g
  const HOSTS = { named: 'localhost', numbered: '127.0.0.1' } as const

  /** `query` has words for the paths of files. */
  function addressOf(
    user: string,
    query = '',
    host: keyof typeof HOSTS = 'named',
    password = PASSWORD,
  ): string {
    const { port, pathname } = new URL(stage.url)
    const paths = { CA: files.ca, OTHER: files.other, CERT: files.cert, KEY: files.key }
    const words = query.replaceAll(PATHS, (word) => encodeURIComponent(paths[word as keyof typeof paths]))
    return `postgres://${user}:${password}@${HOSTS[host]}:${port}${pathname}${words}`
  }

  async function isEncrypted(database: string, tls?: unknown): Promise<boolean> {
    const options = tls === undefined ? { database } : { database, tls }
    const sink = await stage.opened(stage.log(options), { attempt: ++commits })
    await sink.commit(commits, clicks(`user-${commits}`))
    expect(await stage.users()).toContain(`user-${commits}`)
    const [row] = await stage.query<{ ssl: boolean }>(
      `select ssl from pg_stat_ssl join pg_stat_activity using (pid)
       where datname = current_database() and application_name like 'retake %' order by backend_start desc limit 1`,
    )
    await sink.writer.close()
    return row?.ssl === true
  }

  async function refuses(database: string, code: string, text: RegExp, tls?: unknown): Promise<void> {
    const started = performance.now()
    const error = await stage.refusal(stage.log(tls === undefined ? { database } : { database, tls }))
    expect(error).toMatchObject({ code, message: expect.stringMatching(text) })
    expect(isCurable(errorInfoOf(error))).toBe(false)
    expect(JSON.stringify(errorInfoOf(error))).not.toContain(PASSWORD)
    expect(performance.now() - started).toBeLessThan(5_000)
  }

  test.each([
    ['plain', '', false],
    ['plain', '?sslmode=disable', false],
    ['plain', '?sslmode=require', true],
    ['guarded', '?sslmode=require', true],
    ['guarded', '?sslmode=require&sslrootcert=CA', true],
    ['guarded', '?sslmode=verify-ca&sslrootcert=CA', true],
    ['guarded', '?sslmode=verify-full&sslrootcert=CA', true],
    ['guarded', '?sslrootcert=CA', true],
    ['shown', '?sslmode=verify-full&sslrootcert=CA&sslcert=CERT&sslkey=KEY', true],
  ])('when %s connects with %j, then it writes, and TLS is there: %s', async (user, query, isThere) => {
    expect(await isEncrypted(addressOf(user, query))).toBe(isThere)
  })

  test.each([
    ['verify-ca', '?sslmode=verify-ca&sslrootcert=CA'],
    ['require with an authority', '?sslmode=require&sslrootcert=CA'],
    ['require', '?sslmode=require'],
  ])('when the server is addressed by another name, then %s does not mind', async (_, query) => {
    expect(await isEncrypted(addressOf('guarded', query, 'numbered'))).toBe(true)
  })

  test('when texts are given in place of files, then they do the same', async () => {
    const ca = authority.certificate
    expect(await isEncrypted(addressOf('plain'), { ca })).toBe(true)
    expect(await isEncrypted(addressOf('plain'), false)).toBe(false)
    expect(await isEncrypted(addressOf('guarded', '', 'numbered'), { mode: 'verify-ca', ca })).toBe(true)
    expect(await isEncrypted(addressOf('guarded', '', 'numbered'), { mode: 'require' })).toBe(true)
    const shown = { ca, cert: client.certificate, key: client.key }
    expect(await isEncrypted(addressOf('shown'), shown)).toBe(true)
    const key = encryptedKey(client, 'open sesame')
    expect(await isEncrypted(addressOf('shown'), { ...shown, key, passphrase: 'open sesame' })).toBe(true)
  })

  test('when a text is a secret, then it is what this node holds', async () => {
    process.env['RETAKE_SECRET_DATABASE_CA'] = authority.certificate
    try {
      expect(await isEncrypted(addressOf('guarded'), { ca: { '~secret': 'database-ca' } })).toBe(true)
    } finally {
      delete process.env['RETAKE_SECRET_DATABASE_CA']
    }
  })

  test('when the node has a PGSSLMODE, then it has no say', async () => {
    process.env['PGSSLMODE'] = 'no-verify'
    try {
      expect(await isEncrypted(addressOf('plain'))).toBe(false)
    } finally {
      delete process.env['PGSSLMODE']
    }
  })

  test.each([
    ['a wrong password over TLS', 'guarded', '?sslmode=require', 'RT1441', /password authentication failed/],
    ['plain text where TLS is asked for', 'guarded', '', 'RT1490', /only over TLS/],
    [
      'a server signed by somebody else',
      'guarded',
      '?sslmode=verify-full&sslrootcert=OTHER',
      'RT1490',
      /whom this node trusts/,
    ],
    [
      'the same, by verify-ca',
      'guarded',
      '?sslmode=verify-ca&sslrootcert=OTHER',
      'RT1490',
      /whom this node trusts/,
    ],
    [
      'the same, by require and an authority',
      'guarded',
      '?sslmode=require&sslrootcert=OTHER',
      'RT1490',
      /whom this node trusts/,
    ],
    [
      'a server that no public authority signed',
      'guarded',
      '?sslmode=verify-full',
      'RT1490',
      /whom this node trusts/,
    ],
    [
      'no certificate where one is asked for',
      'shown',
      '?sslmode=verify-full&sslrootcert=CA',
      'RT1441',
      /valid client certificate/,
    ],
  ])('when it is %s, then the job is told, at once and for good', async (what, user, query, code, text) => {
    const password = what.startsWith('a wrong password') ? 'wrong' : PASSWORD
    await refuses(addressOf(user, query, 'named', password), code, text)
  })

  test('when the certificate of the server has another name, then the job is told, at once and for good', async () => {
    const address = addressOf('guarded', '?sslmode=verify-full&sslrootcert=CA', 'numbered')
    await refuses(address, 'RT1490', /made out to another name.*127\.0\.0\.1/s)
  })

  test('when the client shows a certificate of somebody else, then the job is told, at once and for good', async () => {
    const { certificate: cert, key } = await stranger.issue('shown')
    const tls = { ca: authority.certificate, cert, key }
    await refuses(addressOf('shown'), 'RT1490', /refuses the certificate/, tls)
  })

  test('when the client shows a certificate of another user, then the job is told, at once and for good', async () => {
    const { certificate: cert, key } = await authority.issue('somebody')
    await refuses(addressOf('shown'), 'RT1441', /certificate authentication failed/, {
      mode: 'require',
      cert,
      key,
    })
  })

  test('when the server has no TLS, then the job is told, at once and for good', async () => {
    const database = `${plainServer.url}?sslmode=require`
    await refuses(database, 'RT1490', /does not speak TLS/)
  })
})
