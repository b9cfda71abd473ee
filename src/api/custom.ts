import type { SinkContext, SinkWriter } from '../connector/sink.js'
import type { SourceContext, SourceReader } from '../connector/source.js'
import type { SplitPosition } from '../state/snapshot.js'
import type { Sink, Source } from './ends.js'
import { requiredGuarantee, wrongOption } from './required.js'
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
  if (!Array.isArray(splits) || !splits.every(isSplit)) {
    throw wrongOption(
      'customSource',
      'splits',
      splits,
      'an array of { split: a text, owner: 0, 1, 2 …, position }',
    )
  }
  if (typeof reader !== 'function')
    throw wrongOption('customSource', 'reader', reader, 'a function of a context')
  const ids = splits.map(({ split }) => split)
  if (new Set(ids).size < ids.length)
    throw wrongOption('customSource', 'splits', ids, 'splits of different names')
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
  if (typeof options.writer !== 'function') {
    throw wrongOption('customSink', 'writer', options.writer, 'a function of a context')
  }
  const { writer, keyFields } = options
  const guarantee = requiredGuarantee('customSink', options.guarantee ?? 'at-least-once')
  return { connector: 'custom', options: {}, functions: { writer }, guarantee, keyFields }
}

function isSplit({ split, owner }: SplitPosition): boolean {
  return typeof split === 'string' && Number.isSafeInteger(owner) && owner >= 0
}
