import { expect, test } from 'vitest'
import { postgres } from '#src/api/postgres.js'
import { addressOf, postgresOptions } from '#src/connector/postgres/postgres-options.js'
import type { SinkSpec } from '#src/connector/sink.js'

const MINIMUM = {
  database: 'postgres://none',
  table: 'clicks',
  columns: { id: { from: 'userId', type: 'text' }, at: { from: 'ts', type: 'json' } },
} as const

test('when nothing else is said, then rows are appended, exactly once', () => {
  expect(postgresOptions(postgres.sink(MINIMUM))).toEqual({
    database: 'postgres://none',
    schema: 'public',
    table: 'clicks',
    mode: 'append',
    key: [],
    columns: [
      { name: 'id', from: 'userId', type: 'text' },
      { name: 'at', from: 'ts', type: 'json' },
    ],
    guarantee: 'exactly-once',
    createTable: false,
    statementTimeoutMs: 60_000,
  })
})

test('when everything is said, then it is what was said', () => {
  const given = {
    schema: 'web',
    key: ['id'],
    mode: 'upsert',
    guarantee: 'at-least-once',
    createTable: true,
    statementTimeout: '5s',
  } as const
  const { statementTimeout, ...said } = given
  expect(postgresOptions(postgres.sink({ ...MINIMUM, ...given }))).toMatchObject({
    ...said,
    statementTimeoutMs: 5_000,
  })
  expect(statementTimeout).toBe('5s')
})

test('when rows are appended to a table with a key, then each stays a row of its own, and comes to any writer', () => {
  const sink = postgres.sink({ ...MINIMUM, key: ['id'], mode: 'append' })
  expect(sink.keyFields).toBeUndefined()
  expect(postgresOptions(sink)).toMatchObject({ mode: 'append', key: [] })
})

test('when a time-out is less than the server counts in, then it is the least that is one', () => {
  expect(postgresOptions(postgres.sink({ ...MINIMUM, statementTimeout: 0.4 })).statementTimeoutMs).toBe(1)
})

test.each([
  ['table', { table: '' }],
  ['schema', { schema: '' }],
  ['mode', { mode: 'replace' }],
  ['key', { key: [] }],
  ['key', { key: ['name'] }],
  ['key', { key: ['at'] }],
  ['key', { mode: 'upsert' }],
  ['columns', { columns: undefined }],
  ['columns', { columns: {} }],
  ['columns.id.from', { columns: { id: null } }],
  ['columns.id.from', { columns: { id: { type: 'text' } } }],
  ['columns.id.type', { columns: { id: { from: 'a', type: 'toString' } } }],
  ['createTable', { createTable: 'yes' }],
  ['statementTimeout', { statementTimeout: 0 }],
  ['statementTimeout', { statementTimeout: '25d' }],
])('when %s is wrong, then the error names it', (option, given) => {
  const spec: SinkSpec = {
    connector: 'postgres',
    options: { ...MINIMUM, ...given },
    functions: {},
    guarantee: 'exactly-once',
    keyFields: undefined,
  }
  expect(() => postgresOptions(spec)).toThrow(
    expect.objectContaining({
      code: 'RT1450',
      what: expect.stringContaining(`option ${option} of a PostgreSQL sink`),
    }),
  )
})

test('when the address is of something else, then it is refused, and not shown', () => {
  const options = postgresOptions(postgres.sink({ ...MINIMUM, database: 'mysql://ada:cut@host' }))
  expect(() => addressOf(options)).toThrow(expect.objectContaining({ code: 'RT1450' }))
  expect(() => addressOf(options)).not.toThrow(/cut/)
})
