import type { JobStatus } from '../graph/job-status.js'
import type { Palette } from './palette.js'

/** Green is well, yellow passes, red is bad. */
export function statusText(status: JobStatus, palette: Palette): string {
  switch (status) {
    case 'RUNNING':
    case 'FINISHED':
      return palette.good(status)
    case 'FAILING':
    case 'FAILED':
      return palette.bad(status)
    default:
      return palette.notice(status)
  }
}
