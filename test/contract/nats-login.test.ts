import { nkeys } from 'nats'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { NatsOptions as Login } from '#src/actor/transport/nats-client.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import type { RetakeError } from '#src/kit/errors.js'
import type { SystemId } from '#src/kit/ids.js'
import { CertificateAuthority, type CertificateFiles } from '../support/certificates.js'
import { describeWith } from '../support/describe-with.js'
import { NatsOperator } from '../support/nats-jwt.js'
import { type NatsOptions, type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'

/** Who we are to NATS and whom we take it for, on real servers that care. Whatever is wrong is known at once. */

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A refusal is no time-out: `connectMs` is longer than a test may take for it. */
const AT_ONCE_MS = 2_500
const DAY_MS = 86_400_000

for (const version of ['oldest', 'current'] as const satisfies readonly NatsVersion[]) {
  const started = async (config: string, more: NatsOptions = {}) => {
    const server = await startNats({ version, config, ...more })
    closing.push(() => server.stop())
    return server
  }

  await describeWith({ nats: version }, `who we are to NATS, the ${version} server`, () => {
    test('when it asks for user and password, then only those open it', async () => {
      const server = await started('authorization { user: crew, password: "s3same" }')
      await opened(server, { user: 'crew', password: 's3same' })
      await refused(
        server,
        { user: 'crew', password: 's1msim' },
        'RT1502',
        /our user, or its password is another/,
        's1msim',
      )
      await refused(server, {}, 'RT1502', /wants to know who we are.*no user, token, nkey/)
    })

    test('when it asks for a token, then only that opens it', async () => {
      const server = await started('authorization { token: "s3same" }')
      await opened(server, { token: 's3same' })
      await refused(server, { token: 's1msim' }, 'RT1502', /does not know our token/, 's1msim')
    })

    test('when it knows an nkey, then its seed opens it, and no other', async () => {
      const [ours, other] = [nkeys.createUser(), nkeys.createUser()].map((key) => ({
        seed: new TextDecoder().decode(key.getSeed()),
        publicKey: key.getPublicKey(),
      }))
      const server = await started(`authorization { users: [ { nkey: ${ours?.publicKey} } ] }`)
      await opened(server, { nkeySeed: ours?.seed ?? '' })
      await refused(server, { nkeySeed: other?.seed ?? '' }, 'RT1502', /does not know our nkey/, other?.seed)
      await refused(server, { nkeySeed: 'SUAX' }, 'RT1502', /is no seed of a user/, 'SUAX')
    })

    test('when it trusts an operator, then the .creds files of its accounts open it, until they expire', async () => {
      const [operator, stranger] = [new NatsOperator(), new NatsOperator()]
      const server = await started(operator.config)
      await opened(server, { credentials: operator.credentials() })
      await opened(server, { credentials: operator.credentials(Date.now() + DAY_MS) })
      const [late, foreign] = [operator.credentials(Date.now() - DAY_MS), stranger.credentials()]
      await refused(
        server,
        { credentials: late },
        'RT1502',
        /our credentials expired at 20\d\d-/,
        secretIn(late),
      )
      await refused(
        server,
        { credentials: foreign },
        'RT1502',
        /does not know our \.creds file/,
        secretIn(foreign),
      )
      await refused(server, { credentials: 'eyJ0eXAi' }, 'RT1502', /no \.creds file/, 'eyJ0eXAi')
    })

    test('when credentials expire while we run, then that is the end, and says so', async () => {
      const operator = new NatsOperator()
      const server = await started(operator.config)
      const { ended } = await opened(server, { credentials: operator.credentials(Date.now() + 2_500) })
      expect(await ended).toMatchObject({
        code: 'RT1506',
        fix: expect.stringMatching(/check its credentials/),
      })
    })
  })

  await describeWith({ nats: version, openssl: true }, `whom we take it for, the ${version} server`, () => {
    let ca: CertificateAuthority
    let stranger: CertificateAuthority
    let caFile: string
    let certificate: CertificateFiles
    beforeAll(async () => {
      ca = await CertificateAuthority.make('ours')
      stranger = await CertificateAuthority.make('strange')
      caFile = ca.certificateFile
      certificate = await ca.issue('localhost', ['DNS:localhost'])
    })
    afterAll(() => {
      ca.close()
      stranger.close()
    })

    const tls = ({ certFile, keyFile }: CertificateFiles, more = '') =>
      `tls { cert_file: "${certFile}", key_file: "${keyFile}"${more} }`

    test('when its certificate is signed by whom we trust, then we speak to it, and else not', async () => {
      const server = await started(tls(certificate))
      await opened(server, { tls: { caFile } })
      await refused(server, {}, 'RT1526', /nobody we trust has signed.*--tls-ca/)
      await refused(
        server,
        { tls: { caFile: stranger.certificateFile } },
        'RT1526',
        /nobody we trust has signed/,
      )
      await refused(server, { tls: { caFile: certificate.keyFile } }, 'RT1526', /./)
    })

    test('when its certificate is for another host, or has expired, then we do not speak to it', async () => {
      const elsewhere = await started(tls(await ca.issue('elsewhere', ['DNS:elsewhere.example'])))
      await refused(elsewhere, { tls: { caFile } }, 'RT1526', /for another name.*by a host name/)
      const old = await started(tls(await ca.issue('localhost', ['DNS:localhost'], -1)))
      await refused(old, { tls: { caFile } }, 'RT1526', /has expired, or.*renewed/)
    })

    test('when it wants to see a certificate, then only one that it trusts opens it', async () => {
      const server = await started(tls(certificate, `, ca_file: "${caFile}", verify: true`))
      await opened(server, { tls: { caFile, ...(await ca.issue('node-1')) } })
      const short = { connectMs: 1_000 }
      await refused(
        server,
        { ...short, tls: { caFile } },
        'RT1526',
        /wants to see a certificate.*we show none/,
      )
      const strange = { caFile, ...(await stranger.issue('node-1')) }
      await refused(
        server,
        { ...short, tls: strange },
        'RT1526',
        /wants to see a certificate.*nobody it trusts/,
      )
    })

    test('when we ask for TLS and it has none, then we do not speak in the open', async () => {
      await refused(await started(''), { tls: { caFile } }, 'RT1526', /offers no TLS/)
    })
  })
}

async function opened(server: NatsServer, login: Partial<Login>) {
  let end: (error: RetakeError) => void = () => {}
  const ended = new Promise<RetakeError>((resolve) => {
    end = resolve
  })
  const servers = [server.url.replace('127.0.0.1', 'localhost')]
  const transport = new NatsTransport({ servers, cluster: 'c1', onFatal: end, ...login })
  await transport.open('sys1' as SystemId, { onParcel() {}, onUndeliverable() {}, onLink() {} })
  closing.push(() => transport.close())
  return { ended }
}

/** At once, with that code; whatever is secret stands nowhere in it. */
async function refused(
  server: NatsServer,
  login: Partial<Login>,
  code: string,
  message: RegExp,
  secret = 'nothing is secret',
): Promise<void> {
  const from = performance.now()
  const error = await opened(server, { connectMs: 20_000, ...login }).then(
    () => 'it is open',
    (thrown: RetakeError) => thrown,
  )
  expect(error).toMatchObject({ code, message: expect.stringMatching(new RegExp(message, 's')) })
  expect(performance.now() - from).toBeLessThan(AT_ONCE_MS)
  expect(JSON.stringify(error, Object.getOwnPropertyNames(error)) + (error as Error).stack).not.toContain(
    secret,
  )
}

function secretIn(credentials: string): string {
  return /SU[A-Z2-7]{56}/.exec(credentials)?.[0] ?? ''
}
