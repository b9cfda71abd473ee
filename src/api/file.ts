import type { Sink, Source, Text } from './ends.js'
import { plainData, requiredText, requiredTexts } from './required.js'
import type { OutputOf, StandardSchema } from './standard-schema.js'

export interface FileSourceOptions<Schema extends StandardSchema, Format extends 'json' | 'text'> {
  /** Files, several of them as an array or separated by commas; of a folder all its files. Each file is a split. */
  readonly path: Text | readonly string[]
  /** 'json' (a value on each line) unless said; 'text': each line as it is. */
  readonly format?: Format
  /** Validates each value. One that it refuses follows `onBadRecord`. */
  readonly schema?: Schema
  /** A line that cannot be read fails the job (unless said), or is counted and skipped. */
  readonly onBadRecord?: 'fail' | 'skip'
}

/** What a line is. */
export type FileValue<Schema, Format extends 'json' | 'text'> = [Schema] extends [never]
  ? { readonly json: unknown; readonly text: string }[Format]
  : OutputOf<Schema>

export interface FileSinkOptions {
  /** A folder; files appear in it when they are whole. */
  readonly path: Text
  /** 'exactly-once' unless said: a file appears when the checkpoint that it ends with is complete. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
}

/** Lines of files. */
function source<Schema extends StandardSchema = never, const Format extends 'json' | 'text' = 'json'>(
  options: FileSourceOptions<Schema, Format>,
): Source<FileValue<Schema, Format>> {
  const { schema, format = 'json', onBadRecord = 'fail' } = options
  const paths = requiredTexts('file.source', 'path', options.path)
  return { connector: 'file', options: plainData({ paths, format, onBadRecord }), functions: { schema } }
}

/** A JSON value on each line. */
function sink(options: FileSinkOptions): Sink<unknown> {
  const { guarantee = 'exactly-once' } = options
  const path = requiredText('file.sink', 'path', options.path)
  return {
    connector: 'file',
    options: plainData({ path, guarantee }),
    functions: {},
    guarantee,
    keyFields: undefined,
  }
}

export const file = { source, sink } as const
