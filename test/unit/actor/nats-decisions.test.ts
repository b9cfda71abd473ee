import { expect, test } from 'vitest'
import { judgeNatsServer, shortcomingsOf } from '#src/actor/transport/nats-requirements.js'
import { OutboundWindow } from '#src/actor/transport/outbound-window.js'

const server = { version: '2.12.7', maxPayloadBytes: 1024 * 1024, headers: true, url: '127.0.0.1:4222' }
const FRAME = 1024 * 1024 - 4096

test('when a server is current and takes our frames, then there is nothing to say', () => {
  expect(judgeNatsServer(server, FRAME)).toBeUndefined()
  expect(judgeNatsServer({ ...server, version: '2.10.26' }, FRAME)).toBeUndefined()
  expect(judgeNatsServer({ ...server, version: 'v3.0.0-beta.1' }, FRAME)).toBeUndefined()
})

test('when max_payload leaves no room for subject and headers, then the error says what to set', () => {
  expect(() => judgeNatsServer({ ...server, maxPayloadBytes: FRAME + 4095 }, FRAME)).toThrow(
    /RT1504.*1048575 bytes.*max_payload: 1048576/,
  )
})

test('when a server is older than 2.9, or has headers off, then we do not start', () => {
  expect(() => judgeNatsServer({ ...server, version: '2.8.4' }, FRAME)).toThrow(/RT1505.*2\.8\.4.*2\.9/)
  expect(() => judgeNatsServer({ ...server, version: '1.4.1' }, FRAME)).toThrow(/RT1505/)
  expect(() => judgeNatsServer({ ...server, headers: false }, FRAME)).toThrow(/RT1505.*headers/)
})

test.each(['2.9.0', '2.9.10', '2.10.25'])(
  'when a server is %s, then a warning names the stall and its fix',
  (version) => {
    expect(judgeNatsServer({ ...server, version }, FRAME)).toMatch(/stalls a sender.*2\.10\.26/)
  },
)

test('when a server is old, then each thing that newer ones do better is told with the version that does', () => {
  const of = (version: string) => shortcomingsOf(version).map(({ before }) => before)
  expect(of('2.9.10')).toEqual(['2.10', '2.10.23', '2.10.26', '2.12.7'])
  expect(of('2.10.0')).toEqual(['2.10.23', '2.10.26', '2.12.7'])
  expect(of('2.10.26')).toEqual(['2.12.7'])
  expect(of('2.12.6')).toEqual(['2.12.7'])
  expect(of('2.12.7')).toEqual([])
  expect(of('v3.0.0-beta.1')).toEqual([])
})

test('when something was published, then one mark is due soon, and no second while that is unanswered', () => {
  const window = new OutboundWindow(100)
  expect(window.due).toBe('no')
  window.onPublished(1, 10)
  window.onPublished(2, 10)
  expect(window.due).toBe('soon')
  window.onMarkPlaced()
  window.onPublished(3, 10)
  expect(window.due).toBe('no')

  expect(window.onMarkAnswered()).toBe(2)
  expect(window.due).toBe('soon')
})

test('when two marks are outstanding, then the window is shut until the first is answered', () => {
  const window = new OutboundWindow(100)
  window.onPublished(1, 100)
  expect(window.due).toBe('now')
  window.onMarkPlaced()
  expect(window.isOpen).toBe(true)
  window.onPublished(2, 100)
  window.onMarkPlaced()
  expect(window.isOpen).toBe(false)
  window.onPublished(3, 100)
  expect(window.due).toBe('no')

  expect(window.onMarkAnswered()).toBe(1)
  expect(window.due).toBe('now')
  window.onMarkPlaced()
  expect(window.isOpen).toBe(false)
  expect(window.onMarkAnswered()).toBe(2)
  expect(window.isOpen).toBe(true)
  expect(window.onMarkAnswered()).toBe(3)
  expect(window.outstandingBytes).toBe(0)
})

test('when the link goes down, then nothing is outstanding and nothing is due', () => {
  const window = new OutboundWindow(100)
  window.onPublished(1, 250)
  window.onMarkPlaced()
  window.onLinkDown()

  expect(window.isOpen).toBe(true)
  expect(window.due).toBe('no')
  expect(window.onMarkAnswered()).toBe(0)
})
