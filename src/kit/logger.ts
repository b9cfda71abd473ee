/** What the runtime tells its operators. Pino stands behind it on a node (`cli/`); job bundles never reach pino. */
export interface Logger {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
  /** A logger that adds `fields` to each of its lines. */
  with(fields: LogFields): Logger
}

export type LogFields = Readonly<Record<string, unknown>>

/** Says nothing: for tests, and for libraries embedded elsewhere. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
}
