import type { SinkContext, SinkWriter } from '../connector/sink.js'
import type { SourceContext, SourceReader } from '../connector/source.js'
import type { SplitPosition } from '../state/snapshot.js'
import type { Sink, Source } from './ends.js'
import type { TypeOf } from './state.js'

/** What `customSource` takes: a source whose splits are known when the job is described. */
export interface CustomSourceOptions<T> {
  /** All its splits with their first positions, as plain data: there are never others. */
  readonly splits: readonly SplitPosition[]
  /** Made anew in each attempt, on the node that runs the subtask. Its contract: `connector/source.ts`. */
  readonly reader: (ctx: SourceContext) => SourceReader
  /** `of<Click>()`: the type of its records. */
  readonly emits: TypeOf<T>
}

/** A source of the user's own: it travels in the job's bundle, whole. */
export function customSource<T>({ splits, reader }: CustomSourceOptions<T>): Source<T> {
  return { connector: 'custom', options: { splits }, functions: { reader } }
}

/** What `customSink` takes. */
export interface CustomSinkOptions<T> {
  /** Made anew in each attempt, on the node that runs the subtask. Its contract: `connector/sink.ts`. */
  readonly writer: (ctx: SinkContext) => SinkWriter
  /** `of<Row>()`: the type of the records that it takes. */
  readonly takes: TypeOf<T>
  /** What the writer promises; 'at-least-once' unless said. 'exactly-once' also asks for such checkpoints of the job. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
  /** Fields that name a row: all records of one such key come to one writer. */
  readonly keyFields?: readonly (keyof T & string)[]
}

/** A sink of the user's own: it travels in the job's bundle, whole. */
export function customSink<T>(options: CustomSinkOptions<T>): Sink<T> {
  const { writer, guarantee = 'at-least-once', keyFields } = options
  return { connector: 'custom', options: {}, functions: { writer }, guarantee, keyFields }
}
