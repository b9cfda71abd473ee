import { describe, expect, test } from 'vitest'
import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'
import { decodeRows, encodeRows } from '#src/record/row-codec.js'
import { packValue, unpackValue } from '#src/record/value-codec.js'

function throughRows(rows: readonly unknown[]): unknown {
  const bytes = encodeRows(rows)
  return bytes === undefined ? undefined : decodeRows(new Uint8Array(bytes), rows.length)
}

/** What the general codec makes of the same. */
function throughValues(rows: readonly unknown[]): unknown {
  return unpackValue(new Uint8Array(packValue(rows)))
}

describe('rows come back as from the general codec', () => {
  const values: readonly unknown[] = [
    0,
    127,
    128,
    -1,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    1.5,
    Number.MAX_SAFE_INTEGER,
    Number.POSITIVE_INFINITY,
    Number.MIN_VALUE,
    true,
    false,
    null,
    undefined,
    '',
    'ann',
    'x'.repeat(31),
    'x'.repeat(32),
    'x'.repeat(65_535),
    'x'.repeat(65_536),
    'Žofie 🚀',
    '\u0000',
    'half \ud800 a pair',
  ]
  test.each(values.map((value) => [typeof value, String(value).slice(0, 20), value]))(
    '%s %s',
    (_, __, value) => {
      const rows = [
        { a: value, b: 1 },
        { a: 1, b: value },
        { a: value, b: value },
      ]
      expect(throughRows(rows)).toStrictEqual(throughValues(rows))
    },
  )

  test('NaN and -0, which comes back as 0', () => {
    expect(throughRows([{ a: Number.NaN, b: -0 }])).toStrictEqual([{ a: Number.NaN, b: 0 }])
  })

  test('fields keep their order, and any name', () => {
    const rows = [{ z: 1, '2': 2, 'é "': 3, '': 4, hasOwnProperty: 5 }]
    expect(throughRows(rows)).toStrictEqual(rows)
    expect(Object.keys((throughRows(rows) as object[])[0]!)).toEqual(Object.keys(rows[0]!))
  })

  test('when rows outgrow what they are written to, then nothing of them is lost', () => {
    const rows = Array.from({ length: 300 }, (_, i) => ({ text: 'é'.repeat(i * 7), n: i / 3, last: i }))
    expect(throughRows(rows)).toStrictEqual(rows)
  })
})

describe('all else is left to the general codec', () => {
  class Point {
    x = 1
  }
  const others: readonly (readonly [string, readonly unknown[]])[] = [
    ['no records', []],
    ['a text', ['a']],
    ['a null', [null]],
    ['a list', [[1, 2]]],
    ['bytes', [new Uint8Array([1, 2])]],
    ['a map', [new Map([['a', 1]])]],
    ['a date', [new Date(0)]],
    ['an error', [new Error('no')]],
    ['an instance of a class', [new Point()]],
    ['an object without a prototype', [Object.assign(Object.create(null), { a: 1 })]],
    ['no fields', [{}]],
    ['a nested value', [{ a: { b: 1 } }]],
    ['a bigint', [{ a: 1n }]],
    ['a function', [{ a: () => 1 }]],
    ['a field named constructor', [{ constructor: 1 }]],
    ['a field named __proto__', [JSON.parse('{"__proto__":1}')]],
    ['half a pair in a name', [{ '\ud800': 1 }]],
    ['a row with another field', [{ a: 1 }, { b: 1 }]],
    ['a row with one field more', [{ a: 1 }, { a: 1, b: 2 }]],
    ['a row with one field less', [{ a: 1, b: 2 }, { a: 1 }]],
    [
      'rows in another order',
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
    ],
    ['a row that is none', [{ a: 1 }, new Map([['a', 1]])]],
    ['256 fields', [Object.fromEntries(Array.from({ length: 256 }, (_, i) => [`f${i}`, i]))]],
    ['a name of 256 bytes', [{ ['n'.repeat(256)]: 1 }]],
    ['more than any frame may have', [{ a: 'x'.repeat(5_000_000) }]],
  ]
  test.each(others)('%s', (_, records) => {
    expect(encodeRows(records)).toBeUndefined()
  })
})

describe('whatever the rows are', () => {
  test.each([1, 2, 3, 4])('they come back, seed %i', (seed) => {
    const random = seededRandom(seed)
    for (let i = 0; i < 500; i++) {
      const rows = randomRows(random)
      const through = throughRows(rows)
      if (through !== undefined) expect(through).toStrictEqual(throughValues(rows))
    }
  })

  test.each([5, 6, 7, 8])('damaged bytes are refused or are rows of that number, seed %i', (seed) => {
    const random = seededRandom(seed)
    for (let i = 0; i < 2_000; i++) {
      const rows = randomRows(random)
      const bytes = encodeRows(rows)
      if (bytes === undefined) continue
      const damaged = new Uint8Array(bytes)
      for (let n = 0; n < 3; n++) damaged[randomInteger(random, damaged.length)] = randomInteger(random, 256)
      const cut = damaged.subarray(0, damaged.length - randomInteger(random, 3))
      try {
        expect(decodeRows(cut, rows.length)).toHaveLength(rows.length)
      } catch (error) {
        if (!(error instanceof RangeError)) throw error
      }
    }
  })

  test('a count that the bytes do not hold is refused', () => {
    const bytes = new Uint8Array(encodeRows([{ a: 1 }, { a: 2 }])!)
    expect(() => decodeRows(bytes, 1)).toThrow(RangeError)
    expect(() => decodeRows(bytes, 3)).toThrow(RangeError)
    expect(() => decodeRows(bytes, 2 ** 32 - 1)).toThrow(RangeError)
  })

  test('when there are more shapes than are kept, then each is read all the same', () => {
    for (let i = 0; i < 1_000; i++) {
      const rows = [{ [`f${i % 600}`]: i }]
      expect(throughRows(rows)).toStrictEqual(rows)
    }
  })

  const VALUES = [
    1,
    -70_000,
    2.5,
    'short',
    'a longer text than one byte can say it',
    'ü',
    true,
    null,
    undefined,
  ]

  function randomRows(random: Random): object[] {
    const names = ['a', 'bb', 'ü', '0'].slice(0, 1 + randomInteger(random, 4))
    return Array.from({ length: 1 + randomInteger(random, 20) }, () =>
      Object.fromEntries(names.map((name) => [name, VALUES[randomInteger(random, VALUES.length)]])),
    )
  }
})
