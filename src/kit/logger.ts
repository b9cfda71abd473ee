/** What the runtime tells its operators. Pino stands behind it on a node (`cli/`); job bundles never reach pino. */
export interface Logger {
  /** What only whoever looks for a fault wants to read. */
  debug(fields: LogFields, message: string): void
  /** What happened, in good order. */
  info(fields: LogFields, message: string): void
  /** What an operator should look at. */
  warn(fields: LogFields, message: string): void
  /** What an operator must look at. */
  error(fields: LogFields, message: string): void
  /** A logger that adds `fields` to each of its lines. */
  with(fields: LogFields): Logger
}

/** What a line says besides its message: plain data. */
export type LogFields = Readonly<Record<string, unknown>>

/** Says nothing: for tests, and for libraries embedded elsewhere. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
}
