import { expect, test } from 'vitest'
import type { Attempt, ChannelIndex, CheckpointId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'
import type { Element, Frame } from '#src/record/element.js'
import { decodeFrame, encodeFrame } from '#src/record/frame-codec.js'

const channel = 7 as ChannelIndex
const attempt = 3 as Attempt

function elementFrame(element: Element, sequence = 5): Frame {
  return { kind: 'element', channel, attempt, sequence, bytes: 0, element }
}

function recordsFrame(records: readonly unknown[]): Frame {
  return elementFrame({ kind: 'records', records })
}

function throughBytes(records: readonly unknown[]): readonly unknown[] {
  const frame = decodeFrame(encodeFrame(recordsFrame(records)))
  if (frame.kind !== 'element' || frame.element.kind !== 'records') throw new Error('other than it was')
  return frame.element.records
}

test('when frames of every kind cross as bytes, then they are what they were, and say how long they are', () => {
  const [first, second] = [8 as CheckpointId, (2 ** 40) as CheckpointId]
  const frames: Frame[] = [
    { kind: 'hello', channel, attempt },
    { kind: 'beacon', channel, attempt, lastSequence: 2 ** 45 },
    { kind: 'grant', channel, attempt, frames: 16, bytes: 2 ** 50, received: 11 },
    elementFrame({ kind: 'barrier', checkpoint: second, aborted: [] }),
    elementFrame({ kind: 'barrier', checkpoint: second, aborted: [first] }),
    elementFrame({ kind: 'end-of-input' }),
    recordsFrame([]),
    recordsFrame([{ user: 'a', clicks: 1 }]),
  ]
  for (const frame of frames) {
    for (const checksum of [false, true]) {
      const bytes = encodeFrame(frame, { checksum })
      expect(bytes.byteOffset).toBe(0)
      expect(bytes.buffer.byteLength).toBe(bytes.byteLength)
      const expected = frame.kind === 'element' ? { ...frame, bytes: bytes.byteLength } : frame
      expect(decodeFrame(bytes)).toEqual(expected)
    }
  }
})

test('when records hold all that may be sent, then it comes back', () => {
  const records = [
    {
      none: undefined,
      nothing: null,
      yes: true,
      no: false,
      text: '',
      accents: 'é日本🎬',
      long: 'x'.repeat(70_000),
    },
    {
      nan: Number.NaN,
      infinite: Number.NEGATIVE_INFINITY,
      float: 0.1,
      safe: Number.MAX_SAFE_INTEGER,
      negative: -33,
    },
    { bigints: [0n, -1n, 2n ** 63n, -(2n ** 63n), 2n ** 64n, 2n ** 200n, -(2n ** 200n)] },
    {
      date: new Date(1_700_000_000_123),
      map: new Map([[{ a: 1 }, new Set([1, 'b'])]]),
      bytes: new Uint8Array([1, 2]),
    },
    { floats: new Float64Array([1.5, -2]), nested: [[[{ deep: [{ er: [] }] }]]], empty: {} },
    'a bare text',
    64,
    null,
    [1, [2, [3]]],
  ]
  expect(throughBytes(records)).toStrictEqual(records)
})

test('when records have more shapes than there are places for shapes, then they come back', () => {
  const shapes = Array.from({ length: 300 }, (_, i) => ({
    [`field-${i}`]: i,
    at: { [`inner-${i % 90}`]: i },
  }))
  expect(throughBytes([...shapes, ...shapes])).toEqual([...shapes, ...shapes])
})

test('when a text has a lone surrogate, then it arrives as U+FFFD, once, however long the text is', () => {
  for (const before of ['', 'x'.repeat(20), 'é'.repeat(40), 'x'.repeat(300)]) {
    const [record, other] = throughBytes([
      { user: `${before}\ud800`, tags: ['\udc00a'], seen: new Map([['\ud800', new Set(['\udfff'])]]) },
      'well-formed 🎬',
    ])
    expect(record).toEqual({
      user: `${before}\ufffd`,
      tags: ['\ufffda'],
      seen: new Map([['\ufffd', new Set(['\ufffd'])]]),
    })
    expect(other).toBe('well-formed 🎬')
  }
})

test('when records come back changed, then it is as documented', () => {
  class Point {
    x = 1
    toJSON() {
      return 'not asked'
    }
  }
  const [zero, point] = throughBytes([-0, new Point()])
  expect(Object.is(zero, 0)).toBe(true)
  expect(point).toStrictEqual({ x: 1 })
})

test('when something is no data, then it is refused by name of its operator', () => {
  const loop: unknown[] = []
  loop.push(loop)
  for (const record of [() => 1, { run() {} }, Symbol('s'), loop]) {
    expect(() => encodeFrame(recordsFrame([record]), { where: 'map to pairs' })).toThrow(
      expect.objectContaining({ code: 'RT1614', where: 'map to pairs' }),
    )
  }
  expect(throughBytes([{ still: 'works' }])).toEqual([{ still: 'works' }])
})

test('when a decoded record holds bytes, then they are not those of the frame', () => {
  for (const held of [new Uint8Array([1, 2, 3]), Buffer.from([1, 2, 3])]) {
    const bytes = encodeFrame(recordsFrame([{ held }]))
    const frame = decodeFrame(bytes)
    bytes.fill(0)
    expect(frame).toMatchObject({ element: { records: [{ held: { 0: 1, 1: 2, 2: 3 } }] } })
  }
})

test('when bytes are cut, changed or invented, then they are refused, and nothing else happens', () => {
  const random = seededRandom(23)
  const whole = encodeFrame(recordsFrame(randomRecords(random, 30)), { checksum: true })
  const refused = expect.objectContaining({ code: 'RT1521' })
  for (let length = 0; length < whole.byteLength; length += 13) {
    expect(() => decodeFrame(whole.slice(0, length))).toThrow(refused)
  }
  for (let i = 0; i < 500; i++) {
    const damaged = whole.slice()
    const at = 36 + randomInteger(random, whole.byteLength - 36)
    damaged[at]! ^= 1 << randomInteger(random, 8)
    expect(() => decodeFrame(damaged)).toThrow(refused)
  }
  expect(() => decodeFrame(new Uint8Array(LIMITS.frameBytesMax + 1))).toThrow(refused)
})

test('when damaged bytes have no checksum, then they are refused or read, and never anything else', () => {
  const random = seededRandom(29)
  const whole = encodeFrame(recordsFrame(randomRecords(random, 10)))
  for (let i = 0; i < 3_000; i++) {
    const damaged = whole.slice()
    for (let n = 0; n < 3; n++) damaged[randomInteger(random, whole.byteLength)] = randomInteger(random, 256)
    try {
      decodeFrame(damaged)
    } catch (error) {
      expect(error).toMatchObject({ code: 'RT1521' })
    }
  }
})

test('when a body says that it has four thousand million elements, then it is refused at once', () => {
  for (const claim of [
    [0xdd, 0xff, 0xff, 0xff, 0xff],
    [0xdf, 0xff, 0xff, 0xff, 0xff],
    [0xc6, 0xff, 0xff, 0xff, 0xff],
    [0xdb, 0xff, 0xff, 0xff, 0xff],
    new Array(200_000).fill(0x91),
  ]) {
    const frame = encodeFrame(recordsFrame([]))
    const forged = new Uint8Array(36 + claim.length)
    forged.set(frame.subarray(0, 36))
    forged.set(claim, 36)
    new DataView(forged.buffer).setUint32(28, claim.length, true)
    expect(() => decodeFrame(forged)).toThrow(expect.objectContaining({ code: 'RT1521' }))
  }
})

test('when any records cross as bytes, then they come back', () => {
  const random = seededRandom(31)
  for (let i = 0; i < 300; i++) {
    const records = randomRecords(random, randomInteger(random, 40))
    expect(throughBytes(records)).toEqual(records)
  }
})

function randomRecords(random: Random, count: number): unknown[] {
  return Array.from({ length: count }, () => randomValue(random, 3))
}

function randomValue(random: Random, depth: number): unknown {
  const list = () => Array.from({ length: randomInteger(random, 5) }, () => randomValue(random, depth - 1))
  switch (randomInteger(random, depth > 0 ? 11 : 7)) {
    case 0:
      return randomInteger(random, 300) - 150
    case 1:
      return (random.next() - 0.5) * 2 ** randomInteger(random, 80)
    case 2:
      return String.fromCharCode(
        ...Array.from({ length: randomInteger(random, 90) }, () => randomInteger(random, 0xd800)),
      )
    case 3:
      return BigInt(randomInteger(random, 1e9)) ** BigInt(randomInteger(random, 9))
    case 4:
      return [null, undefined, true, false][randomInteger(random, 4)]
    case 5:
      return new Date(randomInteger(random, 2 ** 31) * 1_000 + randomInteger(random, 1_000))
    case 6:
      return Uint8Array.from({ length: randomInteger(random, 40) }, () => randomInteger(random, 256))
    case 7:
      return list()
    case 8:
      return new Set(list())
    case 9:
      return new Map(list().map((value) => [randomValue(random, 0), value]))
    default:
      return Object.fromEntries(list().map((value) => [`f${randomInteger(random, 8)}`, value]))
  }
}
