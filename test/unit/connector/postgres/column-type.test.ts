import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { COLUMN_TYPES, type ColumnType, Unfit } from '#src/connector/postgres/column-type.js'

const fits: [ColumnType, unknown, string][] = [
  ['text', '', ''],
  ['text', 'ann 😀', 'ann 😀'],
  ['smallint', -32_768, '-32768'],
  ['integer', 2_147_483_647n, '2147483647'],
  ['integer', -0, '0'],
  ['bigint', 2 ** 53 + 2, '9007199254740994'],
  ['bigint', -(2n ** 63n), '-9223372036854775808'],
  ['numeric', 0.1, '0.1'],
  ['numeric', '-12.50', '-12.50'],
  ['numeric', 10n ** 30n, `1${'0'.repeat(30)}`],
  ['numeric', Number.NaN, 'NaN'],
  ['real', 0.1, String(Math.fround(0.1))],
  ['double precision', Number.NEGATIVE_INFINITY, '-Infinity'],
  ['boolean', false, 'f'],
  ['date', '2024-02-29', '2024-02-29'],
  ['timestamp', new Date(0), '1970-01-01T00:00:00.000000'],
  ['timestamp', '2024-01-02T03:04:05', '2024-01-02T03:04:05.000000'],
  ['timestamptz', 1, '1970-01-01T00:00:00.001000Z'],
  ['timestamptz', '2024-01-01T00:30:00.123456+01:00', '2023-12-31T23:30:00.123456Z'],
  ['jsonb', { a: '\\u0000' }, '{"a":"\\\\u0000"}'],
  ['jsonb', null, 'null'],
  ['bytea', Uint8Array.of(0, 255).subarray(1), '\\xff'],
  ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
]

for (const [type, value, text] of fits) {
  test(`when ${type} is ${inspect(value)}, then it is written as ${inspect(text)}`, () => {
    expect(COLUMN_TYPES[type].encode(value)).toBe(text)
  })
}

const unfit: [ColumnType, unknown][] = [
  ['text', 'a\0'],
  ['text', '\udc00'],
  ['text', 1],
  ['varchar', 'a\ud800'],
  ['smallint', 32_768],
  ['integer', 1.5],
  ['integer', '1'],
  ['integer', 2 ** 31],
  ['bigint', 2 ** 63],
  ['bigint', 2n ** 63n],
  ['bigint', Number.NaN],
  ['numeric', '1e'],
  ['numeric', ''],
  ['numeric', '.'],
  ['numeric', '1e999999'],
  ['numeric', Number.POSITIVE_INFINITY],
  ['real', 1e300],
  ['real', 1e-300],
  ['double precision', '1'],
  ['boolean', 1],
  ['date', '2023-02-29'],
  ['date', new Date(Number.NaN)],
  ['timestamp', '2024-01-02T03:04:05Z'],
  ['timestamptz', '2024-01-02T03:04:05'],
  ['timestamptz', '2024-02-30T03:04:05Z'],
  ['timestamptz', '0001-01-01T00:00:00+01:00'],
  ['timestamptz', 1e17],
  ['jsonb', '\0'],
  ['jsonb', { 'key\ud800': 1 }],
  ['jsonb', 1n],
  ['jsonb', () => 1],
  ['bytea', [1]],
  ['uuid', 'a0eebc99'],
]

for (const [type, value] of unfit) {
  test(`when ${type} is ${inspect(value)}, then it does not fit`, () => {
    expect(() => COLUMN_TYPES[type].encode(value)).toThrow(Unfit)
  })
}
