import { execFileSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { connect, type Msg, nkeys, type NatsConnection as RawClient } from 'nats'
import { afterEach, expect, test, vi } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { addressBelow } from '#src/actor/address.js'
import { NatsConnection, type NatsConnectionOptions } from '#src/actor/transport/nats-connection.js'
import { NatsSubjects } from '#src/actor/transport/nats-subjects.js'
import { NatsTransport, type NatsTransportOptions } from '#src/actor/transport/nats-transport.js'
import { systemClock } from '#src/kit/clock.js'
import { RetakeError } from '#src/kit/errors.js'
import type { SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { type Logger, silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { describeWith } from '../support/describe-with.js'
import { type FakeNatsServer, startFakeNats } from '../support/fake-nats-server.js'
import { type NatsOptions, type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'

/**
 * The nine rules of the NATS wrapper (`docs/nats.md`), each met by the trap that it is there for. Tests named `trap`
 * show what the bare client does, so that a client that has been mended is noticed and its rule can go.
 */
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

for (const version of ['oldest', 'current'] satisfies NatsVersion[]) {
  await describeWith({ nats: version }, `the nine rules on the ${version} nats-server`, () => {
    test('1 trap: when a handler of the bare client throws, then the whole connection is deaf', async () => {
      vi.spyOn(console, 'log').mockImplementation(() => {})
      const raw = await bare(await nats(version))
      const heard: string[] = []
      raw.subscribe('bad', { callback: () => thrown('in a handler') })
      raw.subscribe('good', { callback: (_, message) => heard.push(message.subject) })
      raw.publish('bad')
      raw.publish('good')
      const answer = await Promise.race([raw.flush().then(() => 'answered'), pause(300, 'silence')])

      expect({ answer, heard, isClosed: raw.isClosed() }).toEqual({
        answer: 'silence',
        heard: [],
        isClosed: false,
      })
    })

    test('1: when a handler throws, then that is reported and the next messages are heard', async () => {
      const errors: unknown[] = []
      const { connection } = await connected(await nats(version), { logger: loggerTo(errors) })
      const heard: number[] = []
      connection.subscribe('bad', (data) => {
        heard.push(data[0] ?? -1)
        if (data[0] === 1) throw new Error('in a handler')
      })
      for (const value of [1, 2, 3]) connection.publish('bad', Uint8Array.of(value))
      await connection.flush()

      expect(heard).toEqual([1, 2, 3])
      expect(connection.counts.handlerErrors).toBe(1)
      expect(errors).toContainEqual(
        expect.objectContaining({ subject: 'bad', error: new Error('in a handler') }),
      )
    })

    test('2 trap: when messages of the bare client are kept, then they pin the chunks they came in', async () => {
      const server = await nats(version)
      const raw = await bare(server)
      const kept: Uint8Array[] = []
      raw.subscribe('s', { callback: (_, message: Msg) => message.data[0] === 1 && kept.push(message.data) })
      await sendAmongOthers(
        (subject, data) => raw.publish(subject, data),
        () => raw.flush(),
      )

      expect(pinnedBytes(kept)).toBeGreaterThan(1_000_000)
    })

    test('2: when messages are kept, then they take the memory of their own bytes only', async () => {
      const { connection } = await connected(await nats(version))
      const kept: Uint8Array[] = []
      connection.subscribe('s', (data) => {
        if (data[0] === 1) kept.push(data)
      })
      const before = arrayBufferBytes()
      await sendAmongOthers(
        (subject, data) => connection.publish(subject, data),
        () => connection.flush(),
      )

      expect(kept).toHaveLength(200)
      expect(pinnedBytes(kept)).toBe(200 * 128)
      await until(() => arrayBufferBytes() - before < 1_000_000, { what: 'the chunks to be let go' })
    })

    test('3 trap: when the bare client publishes during an outage, then that vanishes and a flush says all is well', async () => {
      const server = await nats(version)
      const raw = await bare(server)
      const listener = await bare(server)
      const heard: string[] = []
      listener.subscribe('s', { callback: (_, message) => heard.push(message.string()) })
      await server.halt()
      await until(() => raw.info === undefined, { what: 'the first dial of the outage' })
      raw.publish('s', 'lost')
      await server.restart()
      await until(() => raw.flush().then(() => true), { what: 'the raw client to be back' })
      await until(() => listener.flush().then(() => true), { what: 'the listener to be back' })
      raw.publish('s', 'after')
      await raw.flush()
      await until(() => heard.includes('after'), { what: 'the message after the outage' })

      expect(heard).toEqual(['after'])
    })

    test('3: when the link is down, then a publish says so, and is not written later', async () => {
      const server = await nats(version)
      const { connection, events } = await connected(server)
      const heard: number[] = []
      connection.subscribe('s', (data) => heard.push(data[0] ?? -1))
      expect(connection.publish('s', Uint8Array.of(1))).toBe(1)
      await connection.flush()
      await server.halt()
      await until(() => connection.link === 'down', { what: 'the link to be down' })
      expect(connection.publish('s', Uint8Array.of(2))).toBe('link-down')
      await server.restart()
      await until(() => connection.link === 'up', { what: 'the link to be up' })
      expect(connection.publish('s', Uint8Array.of(3))).toBe(2)
      await connection.flush()

      expect(heard).toEqual([1, 3])
      expect(connection.counts).toMatchObject({ published: 2, refused: 1 })
      expect(connection.generation).toBe(2)
      expect(events).toEqual(['down', 'up'])
    })

    test('4: when the server takes nothing, then the window shuts at two marks, and drains when it goes on', async () => {
      const server = await nats(version)
      const { connection, events } = await connected(server)
      let heardBytes = 0
      connection.subscribe('s', (data) => {
        heardBytes += data.length
      })
      await connection.flush()
      server.freeze()
      let sentBytes = 0
      while (connection.isWritable && sentBytes < 64 * 1024 * 1024) {
        connection.publish('s', new Uint8Array(64 * 1024))
        sentBytes += 64 * 1024
      }
      expect(sentBytes).toBeGreaterThanOrEqual(2 * LIMITS.natsMarkBytes - 64 * 1024)
      expect(sentBytes).toBeLessThanOrEqual(2 * LIMITS.natsMarkBytes + 64 * 1024)
      expect(events).toEqual([])
      server.thaw()
      await until(() => heardBytes === sentBytes, { what: 'everything to arrive' })

      expect(connection.isWritable).toBe(true)
      expect(events).toEqual(['drain'])
    })

    test('4: when little is sent, one message after the other, then a few marks confirm them all', async () => {
      const { connection, seen } = await connected(await nats(version))
      for (let i = 0; i < 50; i++) {
        connection.publish('s', Uint8Array.of(i))
        await connection.flush()
      }
      await until(() => seen.at(-1) === 50, { what: 'the last one to be confirmed' })

      expect(seen.length).toBeLessThan(50)
    })

    test('6: when the server goes into lame duck mode, then we are told, and move when we choose', async () => {
      const servers = [await nats(version), await nats(version)]
      const { connection, events } = await connected(...servers)
      const heard: string[] = []
      connection.subscribe('s', (_, subject) => heard.push(subject))
      const leaving = servers.find((server) => connection.serverUrl.includes(String(server.port)))
      // Never 0: that would be every process of this test run.
      if (leaving?.pid === undefined) throw new Error(`no server of ours is at ${connection.serverUrl}`)
      process.kill(leaving.pid, 'SIGUSR2')
      await until(() => events.includes('lame-duck'), { what: 'the notice' })
      expect(connection.link).toBe('up')
      await connection.reconnect()
      await until(() => events.includes('up'), { what: 'the other server' })
      connection.publish('s', Uint8Array.of(1))
      await connection.flush()

      expect(events).toEqual(['lame-duck', 'down', 'up'])
      expect(connection.serverUrl).not.toContain(String(leaving?.port))
      expect(heard).toEqual(['s'])
    })

    test('7 trap: when the bare client publishes to a name with a space, then another subject gets it', async () => {
      const raw = await bare(await nats(version))
      const heard: string[] = []
      raw.subscribe('rt.a', { callback: (_, message) => heard.push(message.subject) })
      raw.publish('rt.a b', 'for b')
      await raw.flush()

      expect(heard).toEqual(['rt.a'])
    })

    test.each(['a b', 'a.b', 'a\r\nPUB rt.x 0', '>', '*', ''])(
      '7: when an actor is named %j, then the name never reaches a subject',
      async (name) => {
        const server = await nats(version)
        const raw = await bare(server)
        const heard: string[] = []
        raw.subscribe('rt.>', { callback: (_, message) => heard.push(message.subject) })
        await raw.flush()
        const transport = await opened(server, 'sys1')
        await raw.flush() // what the transport said at its start is heard
        const atStart = heard.length
        const others = name === 'a.b' ? [] : [`sys2.${name}` as Address]
        for (const to of others) {
          expect(() => transport.send({ kind: 'tell', to, body: 1 })).toThrow(/generated tokens/)
          expect(() => transport.send({ kind: 'frame', to, body: Uint8Array.of(1) })).toThrow(
            /generated tokens/,
          )
        }
        expect(() => addressBelow('sys2' as SystemId, name)).toThrow(/token/)
        expect(() => new NatsSubjects(name, 'c')).toThrow(/token/)
        await transport.close()
        await raw.flush()

        expect(heard.slice(atStart)).toEqual([])
      },
    )

    test('8: when max_payload is too small for a frame, then we do not start, and hear what to set', async () => {
      const server = await nats(version, { maxPayloadBytes: 512 * 1024 })
      await expect(connected(server)).rejects.toThrow(/RT1504.*524288 bytes.*max_payload: 1048576/)
    })

    test('8: when headers are off, then we do not start', async () => {
      const server = await nats(version, { config: 'no_header_support: true' })
      await expect(connected(server)).rejects.toThrow(/RT1505.*headers/)
    })

    test(`8: when the server is ${version}, then a warning is ${version === 'oldest' ? 'given' : 'not given'}`, async () => {
      const { warnings } = await connected(await nats(version))

      const expected = version === 'oldest' ? [expect.stringMatching(/stalls a sender.*2\.10\.26/)] : []
      expect(warnings).toEqual(expected)
    })

    test('9 trap: when the bare client may not publish, then it is told nothing and a flush says all is well', async () => {
      const raw = await bare(await nats(version, permissions('publish: { deny: "rt.>" }')), {
        user: 'crew',
        pass: 'x',
      })
      raw.publish('rt.c1.c.sys1.a')
      await raw.flush()

      expect(raw.isClosed()).toBe(false)
    })

    test.each([
      ['publish: { deny: "rt.*.d.>" }', /RT1503.*may not publish to "rt\.c1\.d\./],
      ['publish: { deny: "rt.*.c.sys1.>" }', /RT1503.*may not publish to "rt\.c1\.c\.sys1\.~"/],
      ['publish: { allow: ["rt.*.*.sys1.>"] }', /RT1503.*may not publish to "rt\.c1\.[cd]\.[0-9a-z]{20}\.~"/],
      ['subscribe: { deny: "rt.*.c.>" }', /RT1503.*may not subscribe to "rt\.c1\.c\.sys1\.>"/],
      ['subscribe: { deny: "_INBOX.>" }', /RT1503.*may not subscribe to "_INBOX\.c1\.sys1\.[cd]\.\*"/],
    ])('9: when the user has %s, then the start fails with what is missing', async (rule, expected) => {
      const server = await nats(version, permissions(rule))
      await expect(opened(server, 'sys1', { user: 'crew', password: 'x' })).rejects.toThrow(expected)
    })

    test('when the password is wrong, then the error says so and does not print it', async () => {
      const server = await nats(version, permissions(''))
      const refused = opened(server, 'sys1', { user: 'crew', password: 'sesame' })
      await expect(refused).rejects.toThrow(/RT1502/)
      await expect(refused).rejects.not.toThrow(/sesame/)
    })

    test('when the server wants a token or an nkey, then that is what it gets', async () => {
      const key = nkeys.createUser()
      const nkeySeed = new TextDecoder().decode(key.getSeed())
      const byKey = await nats(version, {
        config: `authorization { users: [ { nkey: "${key.getPublicKey()}" } ] }`,
      })
      const byToken = await nats(version, { config: 'authorization { token: "sesame" }' })
      await opened(byKey, 'sys1', { nkeySeed })
      await opened(byToken, 'sys1', { token: 'sesame' })

      await expect(opened(byToken, 'sys2', { token: 'simsim' })).rejects.toThrow(/RT1502/)
    })

    test('when an address holds the login, then it is used, unless another is given', async () => {
      const server = await nats(version, permissions(''))
      const addressWith = (login: string) => server.url.replace('//', `//${login}@`)
      const byToken = await nats(version, { config: 'authorization { token: "4222:b@d" }' })
      await opened(server, 'sys1', {}, addressWith('crew:x'))
      await opened(server, 'sys2', { user: 'crew', password: 'x' }, addressWith('nobody:4223'))
      await opened(byToken, 'sys3', {}, byToken.url.replace('//', '//4222%3Ab%40d@'))

      const refused = opened(server, 'sys4', {}, addressWith('crew:4223/ses@me'))
      await expect(refused).rejects.toThrow(/RT1502/)
      await expect(refused).rejects.not.toThrow(/4223|ses|crew/)
    })

    test.skipIf(!existsSync('/usr/bin/openssl'))(
      'when the server offers TLS, then it is spoken, with the authority that we were given',
      async () => {
        const folder = temporaryFolder('tls')
        closing.push(() => rmSync(folder, { recursive: true, force: true }))
        const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
        const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
        const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
        execFileSync('/usr/bin/openssl', ['req', '-x509', '-days', '2', '-out', certFile, ...key, ...subject])
        const server = await nats(version, {
          config: `tls { cert_file: "${certFile}", key_file: "${keyFile}" }\nallow_non_tls: true`,
        })
        await opened(server, 'sys1', { tls: { caFile: certFile } })

        await expect(opened(server, 'sys2')).rejects.toThrow(/RT1526.*certificate/)
      },
    )

    test('when a server is frozen with bytes under way, then its link is replaced by one to another server', async () => {
      const servers = [await nats(version), await nats(version)]
      const { connection, events } = await connected(...servers, { pingMs: 100, connectMs: 300 })
      const heard: string[] = []
      connection.subscribe('s', () => {})
      connection.subscribe('after', (_, subject) => heard.push(subject))
      await connection.flush()
      const frozen = servers.find((server) => connection.serverUrl.includes(String(server.port)))
      frozen?.freeze()
      for (let i = 0; i < 256; i++) connection.publish('s', new Uint8Array(64 * 1024))
      await until(() => events.includes('up'), { what: 'the link to the other server' })

      connection.publish('after', Uint8Array.of(1))
      await connection.flush()

      expect(heard).toEqual(['after'])
      expect(connection.serverUrl).not.toContain(String(frozen?.port))
      expect(connection.generation).toBe(2)
      frozen?.thaw()
    })
  })
}

test('5: when a server has refused more dials than a client makes by default, then the link still comes back', async () => {
  const server = await fake()
  const { connection } = await connected(server, { random: { next: () => 0 } })
  server.refuse(12)
  await until(() => connection.generation === 2, { what: 'the thirteenth dial' })

  expect(server.dials).toBe(14)
})

test('5: when the credentials are refused for good, then the connection ends, and that is told as fatal', async () => {
  const server = await fake()
  const { connection, events } = await connected(server)
  server.rejectLogins('Authorization Violation')
  await until(() => events.length > 1, { what: 'the end' })

  expect(events).toEqual(['down', expect.stringMatching(/^ended RT1506.*credentials/)])
  expect(connection.publish('s', Uint8Array.of(1))).toBe('link-down')
})

test('8: when a server is older than 2.9, then we do not start', async () => {
  await expect(connected(await fake({ version: '2.8.4' }))).rejects.toThrow(/RT1505.*2\.8\.4/)
})

test('9: when a permission goes missing later, then that is an alarm and not the end', async () => {
  const server = await fake()
  const { connection, events } = await connected(server)
  server.say(`-ERR 'Permissions Violation for Publish to "rt.c1.c.sys2.a"'`)
  await until(() => events.length > 0, { what: 'the alarm' })

  expect(events).toEqual([expect.stringMatching(/^alarm RT1503.*publish to "rt\.c1\.c\.sys2\.a"/)])
  expect(connection.link).toBe('up')
})

test('9: when a subscription is refused later, then the next generation subscribes again', async () => {
  const server = await fake()
  const { connection, events } = await connected(server)
  const heard: string[] = []
  connection.subscribe('rt.x', (_, subject) => heard.push(subject))
  server.say(`-ERR 'Permissions Violation for Subscription to "rt.x"'`)
  await until(() => events.length > 0, { what: 'the alarm' })
  server.refuse(0)
  await until(() => connection.generation === 2, { what: 'the next generation' })
  for (let sid = 1; sid < 9; sid++) server.say(`MSG rt.x ${sid} 0\r\n`)
  await until(() => heard.length > 0, { what: 'a message on the renewed subscription' })
})

test('when nothing listens there, then the error says what to start', async () => {
  const nowhere = { url: 'nats://someone:secret@127.0.0.1:1' }
  const refused = connected(nowhere)
  await expect(refused).rejects.toThrow(/RT1501.*127\.0\.0\.1:1 cannot be reached.*start nats-server/)
  await expect(refused).rejects.not.toThrow(/secret/)
})

type NatsLogin = Pick<NatsTransportOptions, 'user' | 'password' | 'token' | 'nkeySeed' | 'tls'>
type Overrides = Partial<NatsConnectionOptions>

async function connected(...args: ({ url: string } | Overrides)[]) {
  const servers = args.flatMap((arg) => ('url' in arg ? [arg.url] : []))
  const overrides = args.find((arg): arg is Overrides => !('url' in arg))
  const events: string[] = []
  const warnings: string[] = []
  const seen: number[] = []
  const connection = await NatsConnection.open(
    {
      servers,
      name: 'test',
      inbox: '_INBOX.test',
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      ...overrides,
    },
    {
      onLink: (state) => events.push(state),
      onNoResponder: () => {},
      onSeen: (number) => seen.push(number),
      onDrain: () => events.push('drain'),
      onLameDuck: () => events.push('lame-duck'),
      onServerWarning: (warning) => warnings.push(warning),
      onPermissionMissing: (error) => events.push(`alarm ${error.message}`),
      onEnded: (error) => events.push(`ended ${error.message}`),
    },
  )
  closing.push(() => connection.close())
  return { connection, events, warnings, seen }
}

async function opened(server: NatsServer, system: string, login: NatsLogin = {}, url = server.url) {
  const transport = new NatsTransport({ servers: [url], cluster: 'c1', onFatal: () => {}, ...login })
  closing.push(() => transport.close())
  await transport.open(system as SystemId, {
    onParcel: () => {},
    onUndeliverable: () => {},
    onLink: () => {},
  })
  return transport
}

async function nats(version: NatsVersion, options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNats({ version, ...options })
  closing.push(() => server.stop())
  return server
}

async function fake(info: Record<string, unknown> = {}): Promise<FakeNatsServer> {
  const server = await startFakeNats(info)
  closing.push(() => server.stop())
  return server
}

async function bare(server: NatsServer, login: { user?: string; pass?: string } = {}): Promise<RawClient> {
  const client = await connect({
    servers: server.url,
    reconnectTimeWait: 50,
    maxReconnectAttempts: -1,
    ...login,
  })
  closing.push(() => client.close())
  return client
}

function permissions(rule: string): NatsOptions {
  const config = `authorization { users: [ { user: "crew", password: "x", permissions: { ${rule} } } ] }`
  return { config, user: 'crew', password: 'x' }
}

/** 200 messages of 128 bytes to keep (their first byte is 1), each between others of 16 KB. */
async function sendAmongOthers(
  publish: (subject: string, data: Uint8Array) => void,
  flush: () => Promise<void>,
) {
  for (let i = 0; i < 200; i++) {
    publish('s', new Uint8Array(128).fill(1))
    for (let j = 0; j < 4; j++) publish('s', new Uint8Array(16 * 1024))
    if (i % 20 === 19) await flush()
  }
}

function pinnedBytes(kept: readonly Uint8Array[]): number {
  const buffers = new Set(kept.map((data) => data.buffer))
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)
}

function arrayBufferBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().arrayBuffers
}

function loggerTo(errors: unknown[]): Logger {
  return { ...silentLogger, error: (fields) => errors.push(fields) }
}

function thrown(message: string): never {
  throw new RetakeError('RT1601', { what: message, why: message, fix: message })
}
