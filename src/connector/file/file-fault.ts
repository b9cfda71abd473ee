import { RetakeError } from '../../kit/errors.js'

/** What the system calls the fault: ENOENT, ENOSPC … */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** A file that a source reads cannot be read. */
export function sourceFault(path: string, cause: unknown): RetakeError {
  switch (codeOf(cause)) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new RetakeError('RT1470', {
        what: `there is no file ${path}`,
        why: 'it was there when the run began',
        fix: 'put it back, or start a new run',
        cause,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EISDIR':
      return new RetakeError('RT1470', {
        what: `${path} may not be read`,
        why: `the system says ${codeOf(cause)}`,
        fix: 'let the user of this node read it',
        cause,
      })
    default:
      return new RetakeError('RT1473', {
        what: `${path} could not be read`,
        why: cause instanceof Error ? cause.message : String(cause),
        fix: 'look at the disk, or at the network that it hangs on; the job tries again by its restart strategy',
        cause,
      })
  }
}

/** A folder that a sink publishes in cannot be written. */
export function sinkFault(path: string, cause: unknown): RetakeError {
  const code = codeOf(cause)
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new RetakeError('RT1480', {
        what: `no space is left to write ${path}`,
        why: code === 'EDQUOT' ? 'the quota of this user is used up' : 'the file system is full',
        fix: 'make room: what is not published yet is in the checkpoint, and is published when the job starts again',
        cause,
      })
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
      return new RetakeError('RT1481', {
        what: `the file sink may not write ${path}`,
        why: `the system says ${code}`,
        fix: 'correct `path` of file.sink, or let the user of this node write there',
        cause,
      })
    default:
      return new RetakeError('RT1482', {
        what: `the file sink could not write ${path}`,
        why: cause instanceof Error ? cause.message : String(cause),
        fix: 'look at the disk, or at the network that it hangs on; the job tries again by its restart strategy',
        cause,
      })
  }
}
