import type {
  FileSinkOptions as SinkData,
  FileSourceOptions as SourceData,
} from '../connector/file/file-options.js'
import type { Sink, Source, Text } from './ends.js'
import { requiredText, requiredTexts, wrongOption } from './required.js'
import type { OutputOf, StandardSchema } from './standard-schema.js'

/** What `file.source` takes. */
export interface FileSourceOptions<Schema extends StandardSchema, Format extends 'json' | 'text'> {
  /**
   * A file, a folder with files, or a pattern (`logs/*.jsonl`, with `**` for any folders); several of them as an array
   * or separated by commas. Each file is a split, and every node must see it under the same path.
   */
  readonly path: Text | readonly string[]
  /** 'json' (a value on each line) unless said; 'text': each line as it is. UTF-8, lines ended by LF or CR LF. */
  readonly format?: Format
  /** Validates each value. One that it refuses follows `onBadRecord`. */
  readonly schema?: Schema
  /** A line that cannot be decoded fails the job (unless said), or is counted and skipped. */
  readonly onBadRecord?: 'fail' | 'skip'
}

/** What a line is. */
export type FileValue<Schema, Format extends 'json' | 'text'> = [Schema] extends [never]
  ? { readonly json: unknown; readonly text: string }[Format]
  : OutputOf<Schema>

/** What `file.sink` takes. */
export interface FileSinkOptions {
  /** A folder, made if it is not there. Runs, jobs and sinks may share one. */
  readonly path: Text
}

/** Lines of files: of those, and as much of each, as are there when the run begins. Throws RT1012 for a wrong option. */
function source<Schema extends StandardSchema = never, const Format extends 'json' | 'text' = 'json'>(
  options: FileSourceOptions<Schema, Format>,
): Source<FileValue<Schema, Format>> {
  const { schema, format = 'json', onBadRecord = 'fail' } = options
  if (format !== 'json' && format !== 'text') {
    throw wrongOption('file.source', 'format', format, '"json" or "text"')
  }
  if (onBadRecord !== 'fail' && onBadRecord !== 'skip') {
    throw wrongOption('file.source', 'onBadRecord', onBadRecord, '"fail" or "skip"')
  }
  const paths = requiredTexts('file.source', 'path', options.path)
  const data: SourceData = { paths, format, onBadRecord }
  return { connector: 'file', options: { ...data }, functions: { schema } }
}

/**
 * A line of JSON for each record, exactly once: a file appears, whole, when the checkpoint that its rows belong to is
 * complete. `part-<run>-<sink>-<subtask>-<checkpoint>-<number>.jsonl` is never changed afterwards.
 */
function sink(options: FileSinkOptions): Sink<unknown> {
  const data: SinkData = { path: requiredText('file.sink', 'path', options.path) }
  return {
    connector: 'file',
    options: { ...data },
    functions: {},
    guarantee: 'exactly-once',
    keyFields: undefined,
  }
}

/** Files: lines of those that are there, and one file for each checkpoint's rows. */
export const file = { source, sink } as const
