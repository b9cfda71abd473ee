import type { Sink, Source, StandardSchema } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'
import type { Row } from './row.js'
import type { ShapeNode, SourceWork } from './shape.js'

/** Where the ends of a job are: its brokers and its database. */
export interface Ends {
  readonly brokers: string
  readonly database: string
}

export const ENDS: Ends = { brokers: 'sim:9092', database: 'postgres://sim/db' }

/** The ends as parameters that nobody has to give. */
export const EndsParams: StandardSchema<Ends> = {
  '~standard': {
    version: 1,
    vendor: 'sim',
    validate: (given) => ({ value: { ...ENDS, ...(given as Partial<Ends>) } }),
  },
}

export function sourceOf(work: SourceWork, { brokers }: Ends): Source<Row> {
  const { topic, isBounded, discover, group, isolation, fetch } = work
  return kafka.source({
    brokers,
    topic,
    record: (value) => value as Row,
    ...(isBounded && { bounded: true }),
    ...(discover !== undefined && { discover }),
    ...(group !== undefined && { group }),
    ...(isolation !== undefined && { isolation }),
    ...(fetch !== undefined && { fetch }),
  })
}

type Ending = Extract<ShapeNode, { readonly table: string }>

/** A table of rows, or of where keys stand. */
export function sinkOf({ kind, table, guarantee }: Ending, { database }: Ends): Sink<Row> {
  const key = { from: 'key', type: 'integer' } as const
  const value = { from: 'value', type: 'bigint' } as const
  if (kind === 'upsert') {
    return postgres.sink({
      database,
      table,
      key: ['key'],
      columns: { key, value },
      guarantee,
      createTable: true,
    })
  }
  const id = { from: 'id', type: 'text' } as const
  return postgres.sink({ database, table, columns: { id, key, value }, guarantee, createTable: true })
}
