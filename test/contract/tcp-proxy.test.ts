import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'

let server: Server
let proxy: TcpProxy
let heard: string
let client: Socket
let answers: string

/** A server that remembers what it hears and says it back. */
beforeEach(async () => {
  heard = ''
  answers = ''
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      heard += bytes
      socket.write(bytes)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen')
  proxy = await TcpProxy.to({ host: '127.0.0.1', port: address.port })
  client = connect(proxy.port, '127.0.0.1')
  client.on('error', () => {})
  client.on('data', (bytes) => {
    answers += bytes
  })
  client.write('a')
  await until(() => answers === 'a', { what: 'the first answer' })
})

afterEach(async () => {
  client.destroy()
  await proxy.close()
  server.close()
})

test('when the way to the server is held, then it hears nothing until it is released', async () => {
  proxy.hold('toServer')
  client.write('b')
  await until(() => proxy.heldBytes('toServer') === 1, { what: 'the byte to be held' })
  expect(heard).toBe('a')
  proxy.release()
  await until(() => answers === 'ab', { what: 'the answer' })
})

test('when it holds from certain words on, then only the connection that says them is held, until it is released', async () => {
  proxy.holdFrom('toServer', 'commit')
  const other = connect(proxy.port, '127.0.0.1')
  client.write('b')
  await until(() => heard === 'ab', { what: 'what holds no such words' })
  client.write('com')
  await until(() => heard === 'abcom', { what: 'words that may be others' })
  client.write('mit')
  client.write('!')
  await until(() => proxy.heldBytes('toServer') === 4, {
    what: 'the words to be held, and what follows them',
  })
  expect(String(proxy.held('toServer'))).toBe('mit!')
  other.write('c')
  await until(() => heard === 'abcomc', { what: 'the other connection' })

  const passed = proxy.passedBytes('toClient')
  proxy.release('toServer')
  await until(() => proxy.passedBytes('toClient') === passed + 4, { what: 'the answer' })
  client.write('commit')
  await until(() => heard === 'abcomcmit!commit', { what: 'the same words, no longer held' })
  other.destroy()
})

test('when the way back is held, then the server hears, and its answer waits', async () => {
  proxy.hold('toClient')
  client.write('b')
  await until(() => proxy.heldBytes('toClient') === 1, { what: 'the answer to be held' })
  expect([heard, answers]).toEqual(['ab', 'a'])
})

test('when a client goes away while its bytes are held, then they still arrive when they are released', async () => {
  proxy.hold('toServer')
  client.write('b')
  await until(() => proxy.heldBytes('toServer') === 1, { what: 'the byte to be held' })
  proxy.cutClients()
  await until(() => client.destroyed, { what: 'the client to notice' })
  proxy.release()
  await until(() => heard === 'ab', { what: 'the byte to arrive' })
})

test('when everything is cut, then what was held is gone, and a new connection works', async () => {
  proxy.hold('toServer')
  client.write('b')
  await until(() => proxy.heldBytes('toServer') === 1, { what: 'the byte to be held' })
  proxy.cut()
  await until(() => proxy.connections === 0, { what: 'the connection to end' })
  proxy.release()

  const next = connect(proxy.port, '127.0.0.1')
  next.write('c')
  await until(() => heard === 'ac', { what: 'the next connection' })
  next.destroy()
})

test('when it refuses, then nobody gets in', async () => {
  proxy.refuse()
  const refused = connect(proxy.port, '127.0.0.1')
  refused.on('error', () => {})
  await until(() => refused.destroyed, { what: 'the connection to end' })
  expect(proxy.refusals).toBe(1)
})

test('when it is slow, then bytes come in order, later', async () => {
  proxy.delay(30, 'toServer')
  const from = performance.now()
  client.write('b')
  await until(() => answers === 'ab', { what: 'the answer', everyMs: 2 })
  expect(performance.now() - from).toBeGreaterThan(25)
})
