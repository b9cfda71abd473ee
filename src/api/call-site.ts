const MESSAGE_AND_CALLER = 2

/** `at name (file:///path:line:column)`, `at /path:line:column`: names have no slash, paths begin with one. */
const FRAME = /^\s*at (?:async )?(?:[^/]*? \()?(file:\/\/)?([^\s].*):(\d+):\d+\)?$/

/**
 * `file:line` of whoever called `method`, so that errors and plans can point at the user's own line. V8 leaves out
 * everything above `method` itself, so it makes no difference that a job's bundle holds the library and the job in one
 * file. With source maps on, the place is the one in the source.
 */
export function callSite(method: (...parameters: never[]) => unknown): string {
  const holder: { stack?: string } = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = MESSAGE_AND_CALLER
  Error.captureStackTrace(holder, method)
  const [, frame = ''] = String(holder.stack).split('\n')
  Error.stackTraceLimit = limit
  const [, isUrl, file, line] = FRAME.exec(frame) ?? []
  if (file === undefined) return 'unknown'
  return `${isUrl === undefined ? file : decodeURIComponent(file)}:${line}`
}
