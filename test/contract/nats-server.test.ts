import { existsSync, readFileSync } from 'node:fs'
import { connect, type NatsConnection } from 'nats'
import { expect, test } from 'vitest'
import { describeWith } from '../support/describe-with.js'
import { type NatsVersion, startNats } from '../support/nats-server.js'
import { until } from '../support/until.js'

for (const version of ['oldest', 'current'] satisfies NatsVersion[]) {
  await describeWith({ nats: version }, `the ${version} nats-server of the tests`, () => {
    test('when it is started, then it answers, and when it is stopped, then no process is left', async () => {
      const server = await startNats({ version })
      const pid = server.pid
      const connection = await connect({ servers: server.url })
      await connection.flush()
      await connection.close()
      await server.stop()

      expect(existsSync(`/proc/${pid}`)).toBe(false)
      await expect(connect({ servers: server.url, reconnect: false })).rejects.toThrow()
    })

    test('when it is restarted or killed, then its streams are still there', async () => {
      const server = await startNats({ version, jetStream: true })
      try {
        await onConnection(server.url, async (connection) => {
          const manager = await connection.jetstreamManager()
          await manager.streams.add({ name: 'log', subjects: ['log.*'] })
          await connection.jetstream().publish('log.1', 'one')
        })
        await server.restart()
        expect(await messagesIn(server.url)).toBe(1)
        await server.kill()
        expect(server.pid).toBeUndefined()
        await server.restart()
        expect(await messagesIn(server.url)).toBe(1)
      } finally {
        await server.stop()
      }
    })

    test.runIf(process.platform === 'linux')(
      'when it is frozen, then it stands still until it is thawed',
      async () => {
        const server = await startNats({ version })
        const state = () => /\) (\w)/.exec(readFileSync(`/proc/${server.pid}/stat`, 'utf8'))?.[1]
        try {
          server.freeze()
          await until(() => state() === 'T', { what: 'the server to stand still' })
          server.thaw()
          await onConnection(server.url, (connection) => connection.flush())
        } finally {
          await server.stop()
        }
      },
    )

    test('when it is given a limit and a password, then it keeps to them', async () => {
      const config = 'authorization { user: "director", password: "cut" }'
      const server = await startNats({
        version,
        maxPayloadBytes: 4096,
        config,
        user: 'director',
        password: 'cut',
      })
      try {
        await expect(connect({ servers: server.url })).rejects.toThrow(/AUTHORIZATION/i)
        const connection = await connect({ servers: server.url, user: 'director', pass: 'cut' })
        expect(connection.info?.max_payload).toBe(4096)
        await connection.close()
      } finally {
        await server.stop()
      }
    })
  })
}

async function messagesIn(url: string): Promise<number> {
  return onConnection(url, async (connection) => {
    const manager = await connection.jetstreamManager()
    return (await manager.streams.info('log')).state.messages
  })
}

async function onConnection<T>(url: string, use: (connection: NatsConnection) => Promise<T>): Promise<T> {
  const connection = await connect({ servers: url })
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}
