import type { Sink, Source, StandardSchema } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'
import type { Row } from './row.js'
import type { ShapeNode, SourceWork } from './shape.js'

/** What a job knows of the world around it. */
export interface World {
  readonly brokers: string
  readonly database: string
}

export const WORLD: World = { brokers: 'sim:9092', database: 'postgres://sim/db' }

/** The world as parameters that nobody has to give. */
export const WorldParams: StandardSchema<World> = {
  '~standard': {
    version: 1,
    vendor: 'sim',
    validate: (given) => ({ value: { ...WORLD, ...(given as Partial<World>) } }),
  },
}

export function sourceOf(work: SourceWork, { brokers }: World): Source<Row> {
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
export function sinkOf({ kind, table, guarantee }: Ending, { database }: World): Sink<Row> {
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
