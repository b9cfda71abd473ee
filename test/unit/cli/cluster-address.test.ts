import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { clusterAddressOf } from '#src/cli/cluster-address.js'
import { COMMANDS } from '#src/cli/commands.js'
import { parseInvocation } from '#src/cli/invocation.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-address-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

const CREDS = file('me.creds', '-----BEGIN NATS USER JWT-----\nx\n------END NATS USER JWT------\n')
const NKEY = file('me.nk', 'SUAX\n')
const CA = file('ca.pem', 'ca')
const CERT = file('cert.pem', 'cert')

function addressOf(args: string[], environment: Record<string, string> = {}) {
  const command = COMMANDS.find(({ name }) => name === 'list')
  if (command === undefined) throw new Error('there is no list')
  return clusterAddressOf(parseInvocation(command, args, environment))
}

test('when nothing is said, then it is the default cluster on this machine', () => {
  expect(addressOf([])).toEqual({
    cluster: 'default',
    nats: { servers: ['nats://127.0.0.1:4222'] },
    shown: 'cluster default at nats://127.0.0.1:4222',
  })
})

test('when the environment and the command line say something, then the command line counts', () => {
  const environment = { RETAKE_NATS: 'a:1', RETAKE_CLUSTER: 'blue', RETAKE_NATS_TOKEN: '' }
  expect(addressOf([], environment)).toMatchObject({ cluster: 'blue', nats: { servers: ['nats://a:1'] } })
  expect(addressOf(['--nats', 'nats://b:2, c:3', '--cluster=green'], environment)).toMatchObject({
    cluster: 'green',
    nats: { servers: ['nats://b:2', 'nats://c:3'] },
  })
})

test.each([
  ['a token of the environment', [], { RETAKE_NATS_TOKEN: 't' }, { token: 't' }],
  [
    'a user of the environment',
    [],
    { RETAKE_NATS_USER: 'u', RETAKE_NATS_PASSWORD: 'p' },
    { user: 'u', password: 'p' },
  ],
  ['a user in the URL', ['--nats', 'nats://u:p%40@a:1,b:2'], {}, { user: 'u', password: 'p@' }],
  ['a token in the URL', [], { RETAKE_NATS: 'nats://t@a:1' }, { token: 't' }],
  ['a seed of an nkey', ['--nats-nkey', NKEY], {}, { nkeySeed: 'SUAX' }],
  ['a .creds file', [], { RETAKE_NATS_CREDS: CREDS }, { credentials: expect.stringMatching(/JWT------\n$/) }],
  [
    'a file on the line, whatever the environment says',
    ['--nats-nkey', NKEY],
    { RETAKE_NATS_TOKEN: 't' },
    { nkeySeed: 'SUAX' },
  ],
] as const)('when there is %s, then that is who we are', (_, args, environment, identity) => {
  const { nats, shown } = addressOf([...args], environment)
  const { servers: _servers, ...rest } = nats
  expect(rest).toEqual(identity)
  expect(shown).not.toMatch(/p%40|t@/)
})

test('when TLS is asked for, then the files are passed by path, because certificates are renewed', () => {
  const args = ['--tls-ca', CA, '--tls-cert', CERT, '--tls-key', CERT, '--tls-first']
  expect(addressOf(args).nats.tls).toEqual({
    caFile: CA,
    certFile: CERT,
    keyFile: CERT,
    handshakeFirst: true,
  })
  const environment = { RETAKE_TLS_CA: CA, RETAKE_TLS_CERT: CERT, RETAKE_TLS_KEY: CERT }
  expect(addressOf([], environment).nats.tls).toEqual({ caFile: CA, certFile: CERT, keyFile: CERT })
  expect(addressOf(['--nats', 'tls://a:1']).nats).toEqual({ servers: ['nats://a:1'], tls: {} })
})

test.each([
  [['--cluster', 'my cluster'], {}, /--cluster is "my cluster"/],
  [[], { RETAKE_CLUSTER: 'a.b' }, /RETAKE_CLUSTER is "a.b"/],
  [['--nats', 'http://a'], {}, /--nats has no address in "http:\/\/a"/],
  [['--nats', 'a,,b'], {}, /--nats has no address in ""/],
  [['--nats', 'nats://u:p@a,nats://v:p@b'], {}, /--nats has a different user for each server/],
  [['--nats-creds', join(folder, 'none')], {}, /--nats-creds cannot be read: ENOENT/],
  [[], { RETAKE_NATS_NKEY: join(folder, 'none') }, /RETAKE_NATS_NKEY cannot be read: ENOENT/],
  [['--tls-ca', join(folder, 'none')], {}, /--tls-ca cannot be read: ENOENT/],
  [['--tls-cert', CERT], {}, /--tls-cert and --tls-key belong together/],
  [['--nats-creds', CREDS, '--nats-nkey', NKEY], {}, /--nats-creds and --nats-nkey both say who we are/],
  [[], { RETAKE_NATS_PASSWORD: 'p' }, /RETAKE_NATS_PASSWORD is the password of nobody/],
  [[], { RETAKE_NATS_USER: 'u', RETAKE_NATS_TOKEN: 't' }, /RETAKE_NATS_USER and RETAKE_NATS_TOKEN/],
])(
  'when %j and %j are given, then it is a usage error that names what is wrong',
  (args, environment, text) => {
    expect(() => addressOf(args, environment as Record<string, string>)).toThrow(
      expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(text) }),
    )
  },
)
