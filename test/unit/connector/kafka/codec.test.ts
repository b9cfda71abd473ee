import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { decompressed } from '#src/connector/kafka/codec.js'
import { snappyBlock } from '#src/connector/kafka/snappy.js'
import { zstdSize } from '#src/connector/kafka/zstd-size.js'
import { LIMITS } from '#src/kit/limits.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'

const { compress } = createRequire(createRequire(import.meta.url).resolve('kafkajs-snappy'))('snappyjs') as {
  compress(bytes: Buffer): Buffer
}

const hex = (digits: string) => Buffer.from(digits, 'hex')

test.each([0, 1, 60, 61, 300, 70_000])(
  'when %i bytes are compressed with snappy, then they come back',
  (length) => {
    const random = seededRandom(length)
    for (const letters of [1, 3, 256]) {
      const bytes = Buffer.from(Array.from({ length }, () => randomInteger(random, letters)))
      expect(snappyBlock(compress(bytes)).equals(bytes)).toBe(true)
    }
  },
)

test.each([
  ['a copy of what it writes', '0800610d01', 'aaaaaaaa'],
  ['a copy with four bytes of distance', '0804616217' + '02000000', 'abababab'],
  ['a literal with a length of two bytes', '02f40100' + '6162', 'ab'],
])('when a block of snappy has %s, then it is read', (_, digits, text) => {
  expect(snappyBlock(hex(digits)).toString()).toBe(text)
})

test.each([
  ['says more than it has', '0900616263'],
  ['says less than it has', '0108616263'],
  ['copies from before its beginning', '0800610d02'],
  ['copies from where it writes', '0800610d00'],
  ['has a length without end', 'ffffffffffff'],
  ['is nothing', ''],
])('when a block of snappy %s, then it is refused', (_, digits) => {
  expect(() => snappyBlock(hex(digits))).toThrow(RangeError)
})

/** One segment of three stored bytes, with a checksum. */
const STORED = '28b52ffd24' + '03' + '190000' + '616263' + '00000000'

test('when frames of zstd say how large they are, then that is what they open to, or more', () => {
  expect(zstdSize(hex(STORED))).toBe(3)
  expect(zstdSize(hex(`502a4d1802000000ffff${STORED}`))).toBe(3)
  expect(zstdSize(hex(STORED + STORED))).toBe(6)
  // A window of 1 KB, and a block that repeats one byte a thousand times.
  expect(zstdSize(hex('28b52ffd00' + '00' + '431f00' + '61'))).toBe(1_000)
})

test.each([
  ['is cut', STORED.slice(0, 20)],
  ['begins otherwise', '616263646566'],
  ['needs a window of 256 MB', '28b52ffd00' + '90' + '010000'],
])('when a frame of zstd %s, then it is refused', (_, digits) => {
  expect(() => zstdSize(hex(digits))).toThrow(RangeError)
})

test('when frames of zstd would open to more than a batch may, then none is opened', () => {
  const half = hex('28b52ffda0' + '01000004' + '010000')
  const frames = Buffer.concat([half, half])
  expect(zstdSize(frames)).toBe(LIMITS.kafkaBatchBytes + 2)
  expect(() => decompressed(4, frames)).toThrow(`would open to ${LIMITS.kafkaBatchBytes + 2}`)
})
