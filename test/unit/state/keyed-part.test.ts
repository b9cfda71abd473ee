import { expect, test } from 'vitest'
import { randomInteger, seededRandom } from '#src/kit/random.js'
import { readKeyedPart, writeKeyedPart } from '#src/state/keyed-part.js'

const content = {
  maxParallelism: 128,
  keyType: 'string',
  states: ['count', 'name'],
  groups: [3, 5, 100].map((group) => ({
    group,
    bytes: Uint8Array.from({ length: 50 + group }, (_, i) => i ^ group),
  })),
} as const
const all = { first: 0, last: 127 }

test('when a part is read, then it holds what was written, and of the groups those that were asked for', () => {
  const part = writeKeyedPart(content)
  expect(readKeyedPart(part, 'part', all)).toEqual(content)
  expect(readKeyedPart(part, 'part', { first: 4, last: 99 })).toEqual({
    ...content,
    groups: [content.groups[1]],
  })
  expect(readKeyedPart(writeKeyedPart({ ...content, keyType: undefined, groups: [] }), 'part', all)).toEqual({
    ...content,
    keyType: undefined,
    groups: [],
  })
})

test('when a part was written by a newer version, then it is refused and named', () => {
  const part = writeKeyedPart(content)
  part[4] = 2
  expect(() => readKeyedPart(part, '7/keyed', all)).toThrow(
    expect.objectContaining({ code: 'RT1221', where: '7/keyed', what: expect.stringContaining('version 2') }),
  )
})

test('when a part is cut or changed, then it is refused and named', () => {
  const random = seededRandom(43)
  const part = writeKeyedPart(content)
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
