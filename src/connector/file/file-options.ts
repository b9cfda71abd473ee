/** `SourceSpec.options` of the connector 'file': checked by its factory, every default applied. */
export interface FileSourceOptions {
  /** Files, folders, or patterns of files. */
  readonly paths: readonly string[]
  readonly format: 'json' | 'text'
  readonly onBadRecord: 'fail' | 'skip'
}

/** `SinkSpec.options` of the connector 'file'. */
export interface FileSinkOptions {
  /** The folder in which files appear. */
  readonly path: string
}
