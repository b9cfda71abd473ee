const OURS_AND_THE_CALL = 3

/**
 * `file:line` of whoever called `method`, so that errors and plans can point at the user's own line. V8 leaves out
 * everything above `method` itself, so it makes no difference that a job's bundle holds the library and the job in one
 * file. With source maps on, the place is the one in the source.
 */
export function callSite(method: (...parameters: never[]) => unknown): string {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = OURS_AND_THE_CALL
  Error.captureStackTrace(holder, method)
  const [, frame = ''] = String(holder.stack).split('\n')
  Error.stackTraceLimit = limit
  const [, file, line] =
    /\(?(?:file:\/\/)?([^()\s][^()]*):(\d+):\d+\)?$/.exec(frame.replace(/^\s*at (?:async )?/, '')) ?? []
  return file === undefined ? 'unknown' : `${withoutCaller(file)}:${line}`
}

/** A frame of a named function reads `name (file:line:column)`, with `file://` before the path of a module. */
function withoutCaller(file: string): string {
  return decodeURI(file.replace(/^.*\(/, '').replace(/^file:\/\//, ''))
}
