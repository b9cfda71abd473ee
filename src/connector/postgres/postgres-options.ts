import { type Duration, durationMs } from '../../kit/duration.js'
import { RetakeError } from '../../kit/errors.js'
import type { SecretReference } from '../secret.js'
import { resolveSecret, resolveSecrets } from '../secret-value.js'
import type { SinkSpec } from '../sink.js'
import { COLUMN_TYPES, type ColumnType, isColumnType } from './column-type.js'
import { type DatabaseAddress, databaseAddress } from './database-address.js'

/** One column of the table, in the order in which rows are written. */
export interface Column {
  readonly name: string
  /** The field of the record that it is taken from. */
  readonly from: string
  readonly type: ColumnType
}

/** What a PostgreSQL sink was told, checked. */
export interface PostgresOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or the secret that is one. Resolved when it is used. */
  readonly database: string | SecretReference
  /** As it was given, secrets unresolved; `database-address.ts` reads it. */
  readonly tls: unknown
  readonly schema: string
  readonly table: string
  readonly mode: 'upsert' | 'append'
  /** Columns that tell rows apart; empty in mode append. */
  readonly key: readonly string[]
  readonly columns: readonly Column[]
  readonly guarantee: 'exactly-once' | 'at-least-once'
  readonly createTable: boolean
  /** The server gives a statement up after this long, and it is tried again. */
  readonly statementTimeoutMs: number
}

const STATEMENT_TIMEOUT_MS = 60_000
const STATEMENT_TIMEOUT_MAX_MS = 24 * 86_400_000

/** Reads the data of a sink's spec. Throws RT1450 for what is wrong with it. */
export function postgresOptions({ options, guarantee }: SinkSpec): PostgresOptions {
  const { database, schema = 'public', table, columns, createTable = false, statementTimeout } = options
  if (typeof table !== 'string' || table === '') throw wrong('table', 'the name of a table', table)
  if (typeof schema !== 'string' || schema === '') throw wrong('schema', 'the name of a schema', schema)
  const mode = options['mode'] ?? (options['key'] === undefined ? 'append' : 'upsert')
  if (mode !== 'upsert' && mode !== 'append') throw wrong('mode', '"upsert" or "append"', mode)
  if (typeof createTable !== 'boolean') throw wrong('createTable', 'true or false', createTable)
  const read = columnsOf(columns)
  const key = options['key'] ?? []
  if (!isListOf(key, read)) throw wrong('key', 'a list of names that are in columns', key)
  if (mode === 'upsert' && key.length === 0) throw wrong('key', 'a column at least, in mode "upsert"', key)
  const unfit = read.find(({ name, type }) => key.includes(name) && !COLUMN_TYPES[type].isKey)
  if (unfit !== undefined)
    throw wrong('key', `of types whose equal values look equal, which ${unfit.type} is not`, key)
  return {
    database: database as string | SecretReference,
    tls: options['tls'],
    schema,
    table,
    mode,
    key: mode === 'upsert' ? key : [],
    columns: read,
    guarantee,
    createTable,
    statementTimeoutMs: timeoutOf(statementTimeout),
  }
}

/** Whole milliseconds, as the server takes them: to it 0 is no limit. */
function timeoutOf(timeout: unknown): number {
  if (timeout === undefined) return STATEMENT_TIMEOUT_MS
  const ms = Math.ceil(durationMs(timeout as Duration))
  if (ms >= 1 && ms <= STATEMENT_TIMEOUT_MAX_MS) return ms
  throw wrong('statementTimeout', 'a time above 0, and of no more than 24 days', timeout)
}

/** The way to the database, on the node that takes it. Throws RT1450 for one that is none, RT1710 for a secret. */
export function addressOf({ database, tls }: PostgresOptions): DatabaseAddress {
  const url = resolveSecret(database)
  if (typeof url === 'string' && /^postgres(?:ql)?:\/\//.test(url)) {
    return databaseAddress(url, resolveSecrets(tls))
  }
  throw wrong('database', 'an address: postgres://USER:PASSWORD@HOST:PORT/DATABASE', '(not shown)')
}

function columnsOf(columns: unknown): Column[] {
  if (typeof columns !== 'object' || columns === null) {
    throw wrong('columns', 'an object of { from, type } by column name', columns)
  }
  const read = Object.entries(columns).map(([name, column]: [string, Partial<Column> | null]) => {
    const { from, type } = column ?? {}
    if (typeof from !== 'string') throw wrong(`columns.${name}.from`, 'a field of the record', from)
    if (!isColumnType(type)) throw wrong(`columns.${name}.type`, Object.keys(COLUMN_TYPES).join(', '), type)
    return { name, from, type }
  })
  if (read.length === 0) throw wrong('columns', 'at least one column', columns)
  return read
}

function isListOf(key: unknown, columns: readonly Column[]): key is readonly string[] {
  return Array.isArray(key) && key.every((name) => columns.some((column) => column.name === name))
}

function wrong(option: string, wanted: string, got: unknown): RetakeError {
  return new RetakeError('RT1450', {
    what: `option ${option} of a PostgreSQL sink is ${JSON.stringify(got) ?? 'missing'}`,
    why: `it must be ${wanted}`,
    fix: `correct ${option} where postgres.sink is called`,
  })
}
