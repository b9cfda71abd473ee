import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { wholeOf } from '#src/state/bytes.js'
import { readKeyedPart, writeKeyedPart } from '#src/state/keyed-part.js'

const content = {
  maxParallelism: 128,
  keyType: 'string',
  states: ['count', 'name'],
  chunks: [3, 5, 5, 100].map((group) => {
    const bytes = Uint8Array.from({ length: 50 + group }, (_, i) => i ^ group)
    return { group, bytes, crc: crc32(bytes) }
  }),
} as const
const all = { first: 0, last: 127 }

test('when a part is read, then it holds what was written, and of the chunks those that were asked for', () => {
  const part = wholeOf(writeKeyedPart(content))
  expect(readKeyedPart(part, 'part', all)).toEqual(content)
  expect(readKeyedPart(part, 'part', { first: 4, last: 99 })).toEqual({
    ...content,
    chunks: content.chunks.slice(1, 3),
  })
  expect(
    readKeyedPart(wholeOf(writeKeyedPart({ ...content, keyType: undefined, chunks: [] })), 'part', all),
  ).toEqual({
    ...content,
    keyType: undefined,
    chunks: [],
  })
})

test.each([2, 4])(
  'when a part was written by another version (%i), then it is refused and named',
  (version) => {
    const part = wholeOf(writeKeyedPart(content))
    part[4] = version
    expect(() => readKeyedPart(part, '7/keyed', all)).toThrow(
      expect.objectContaining({
        code: 'RT1221',
        where: '7/keyed',
        what: expect.stringContaining(`version ${version}`),
      }),
    )
  },
)

test('when a part is cut or changed, then it is refused and named', () => {
  const random = seededRandom(43)
  const part = wholeOf(writeKeyedPart(content))
  const refused = expect.objectContaining({ code: 'RT1203', where: '7/keyed' })
  for (let length = 0; length < part.byteLength; length += 11) {
    expect(() => readKeyedPart(part.slice(0, length), '7/keyed', all)).toThrow(refused)
  }
  for (let i = 0; i < 300; i++) {
    const damaged = part.slice()
    damaged[16 + randomInteger(random, part.byteLength - 16)]! ^= 1 << randomInteger(random, 8)
    expect(() => readKeyedPart(damaged, '7/keyed', all)).toThrow(refused)
  }
})
