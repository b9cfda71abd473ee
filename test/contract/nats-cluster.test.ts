import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeWith } from '../support/describe-with.js'
import { NatsCluster } from '../support/nats-cluster.js'
import { until } from '../support/until.js'

await describeWith({ nats: 'current' }, 'three nats-servers of the tests', () => {
  let cluster: NatsCluster
  beforeAll(async () => {
    cluster = await NatsCluster.start({ version: 'current', size: 3 })
  })
  afterAll(() => cluster?.stop())

  test('when they are started, then they know each other', async () => {
    await onConnection(cluster.urls.slice(0, 1), async (connection) => {
      const told = new Set(connection.info?.connect_urls)
      expect(told).toEqual(new Set(cluster.urls.map((url) => new URL(url).host)))
    })
  })

  test('when one of them is killed, then a stream of three copies goes on, and it catches up', async () => {
    await onConnection(cluster.urls, async (connection) => {
      const manager = await connection.jetstreamManager()
      const { cluster: copies } = (await manager.streams.add({
        name: 'log',
        subjects: ['log.*'],
        num_replicas: 3,
      })) as { cluster?: { replicas?: unknown[] } }
      expect(copies?.replicas).toHaveLength(2)
      await connection.jetstream().publish('log.1', 'one')
    })

    const [killed, ...alive] = cluster.members
    await killed?.server.kill()
    await expect(killed?.ailment()).rejects.toThrow()
    await onConnection(
      alive.map(({ server }) => server.url),
      async (connection) => {
        // It may have been the leader of the stream; then the others elect one first.
        await until(() => connection.jetstream().publish('log.2', 'two', { msgID: 'two' }), {
          what: 'the others to store a message',
        })
      },
    )

    await killed?.server.restart()
    await cluster.untilWhole()
    expect(await killed?.ailment()).toBeUndefined()
    expect(killed && (await messagesIn(killed.server.url))).toBe(2)
  })
})

async function messagesIn(url: string): Promise<number> {
  return onConnection([url], async (connection) => {
    const manager = await connection.jetstreamManager()
    return (await manager.streams.info('log')).state.messages
  })
}

async function onConnection<T>(
  servers: readonly string[],
  use: (connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: [...servers] })
  try {
    return await use(connection)
  } finally {
    await connection.close()
  }
}
