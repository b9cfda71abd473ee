import { expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { NatsSubjects, natsInboxOf } from '#src/actor/transport/nats-subjects.js'
import { type ControlParcel, decodeParcel, encodeParcel } from '#src/actor/transport/parcel-bytes.js'
import type { SystemId } from '#src/kit/ids.js'

const to = 'sys1.job.master' as Address
const from = 'sys2.node' as Address

const body = {
  type: 'deploy',
  big: 2n ** 70n,
  small: 10n,
  bytes: new Uint8Array([1, 2, 3]),
  when: new Date(5),
  map: new Map<unknown, unknown>([
    [1, { a: 1 }],
    ['x', [undefined, null]],
  ]),
  set: new Set(['a']),
  nothing: undefined,
  text: 'é\u0000',
}

test.each<ControlParcel>([
  { kind: 'tell', to, body },
  { kind: 'ask', to, from, correlation: 2 ** 52 + 1, body },
  { kind: 'answer', to, correlation: 7, body },
  { kind: 'signal', to, from, body },
])('when a parcel of kind $kind crosses as bytes, then it is the same on the other side', (parcel) => {
  expect(decodeParcel(to, encodeParcel(parcel))).toEqual(parcel)
})

test('when many shapes are written one after the other, then each message can be read by itself', () => {
  const messages = Array.from({ length: 300 }, (_, i) => ({
    kind: 'tell' as const,
    to,
    body: Object.fromEntries(
      Array.from({ length: i % 40 }, (_, j) => [`field${(i * 7 + j) % 97}`, { j, [`n${i}`]: i }]),
    ),
  }))
  const written = messages.map(encodeParcel)

  for (const [i, bytes] of [...written.entries()].reverse())
    expect(decodeParcel(to, bytes)).toEqual(messages[i])
})

test('when a decoded body holds bytes, then they are its own and not a view of the message', () => {
  const message = encodeParcel({ kind: 'tell', to, body: { bytes: new Uint8Array([7, 7]) } })
  const decoded = decodeParcel(to, message).body as { bytes: Uint8Array }
  message.fill(0)

  expect([...decoded.bytes]).toEqual([7, 7])
  expect(decoded.bytes.buffer.byteLength).toBeLessThan(64)
})

test.each([
  ['nothing', new Uint8Array(0)],
  ['text', new TextEncoder().encode('hello, is anybody there?')],
  ['another version', withByte(0, 2)],
  ['an unknown kind', withByte(1, 9)],
  ['a sender that is longer than the message', withByte(3, 255)],
  ['a message cut short', encodeParcel({ kind: 'tell', to, body }).subarray(0, 40)],
])('when %s comes instead of a parcel, then decoding throws', (_, bytes) => {
  expect(() => decodeParcel(to, bytes)).toThrow()
})

test('when a body is no plain data, then its sender is told which parcel and why', () => {
  const loop: { self?: unknown } = {}
  loop.self = loop
  expect(() => encodeParcel({ kind: 'tell', to, body: loop })).toThrow(
    /RT1508.*sys1\.job\.master.*refers to itself/,
  )
  expect(() => encodeParcel({ kind: 'tell', to, body: Symbol('x') })).toThrow(/RT1508/)
})

test('when an address is generated tokens, then its subject names cluster, lane, system and path', () => {
  const subjects = new NatsSubjects('c1', 'd')

  expect(subjects.of(to)).toBe('rt.c1.d.sys1.job.master')
  expect(subjects.addressOf('sys1' as SystemId, 'rt.c1.d.sys1.job.master')).toBe(to)
  expect(subjects.allOf('sys1' as SystemId)).toBe('rt.c1.d.sys1.>')
})

test('when a system has a group, then that is a token of its own, and the way back gives the same address', () => {
  const subjects = new NatsSubjects('c1', 'c')
  const [system, address] = ['tm_ab1' as SystemId, 'tm_ab1.slot.s-0_1' as Address]

  expect(subjects.of(address)).toBe('rt.c1.c.tm.ab1.slot.s-0_1')
  expect(subjects.addressOf(system, subjects.of(address))).toBe(address)
  expect(subjects.allOf(system)).toBe('rt.c1.c.tm.ab1.>')
  expect(subjects.selfTestOf(system)).toBe('rt.c1.c.tm.ab1.~')
  expect(natsInboxOf('c1', system)).toBe('_INBOX.c1.tm.ab1')
})

test.each([
  'sys.a b',
  'sys.a\r\nPUB x 0\r\n',
  'sys..b',
  'sys.*',
  'sys.>',
  'sys.',
  'sys',
  '',
  'sys.é',
  `sys.${'x'.repeat(33)}`,
])('when an address is %j, then it never becomes a subject', (address) => {
  const subjects = new NatsSubjects('c1', 'c')
  expect(() => subjects.of(address as Address)).toThrow(/generated tokens/)
  expect(() => subjects.of(address as Address)).toThrow(/generated tokens/)
})

test('when the name of a cluster or a system is no token, then there is no subject either', () => {
  expect(() => new NatsSubjects('my cluster', 'c')).toThrow(/token/)
  expect(() => new NatsSubjects('c1', 'c').allOf('a.b' as SystemId)).toThrow(/token/)
  expect(() => new NatsSubjects('c1', 'c').selfTestOf('>' as SystemId)).toThrow(/token/)
})

function withByte(position: number, value: number): Uint8Array {
  const bytes = encodeParcel({ kind: 'tell', to, body })
  bytes[position] = value
  return bytes
}
