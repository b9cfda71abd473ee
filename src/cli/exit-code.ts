import { isRetakeError } from '../kit/errors.js'
import { UsageError } from './usage-error.js'

/** How a command ended, for scripts. `docs/cli.md` lists the same numbers; a test compares both. */
export const EXIT = {
  ok: 0,
  /** A bug of ours. */
  internal: 1,
  /** The command line is wrong. */
  usage: 2,
  /** A file, run or checkpoint that was named is not there. */
  notFound: 3,
  /** The cluster, or a server that the command itself needs, cannot be reached. */
  unreachable: 4,
  /** The job, its parameters, its checkpoint or the node are refused: nothing has run. */
  rejected: 5,
  /** The job ended FAILED. */
  failed: 6,
  /** The job ended CANCELED. */
  canceled: 7,
  /** It took longer than it may; what was asked for may still come. */
  timedOut: 8,
  /** A result is not what it must be. */
  inexact: 9,
  /** A check of `retake doctor` failed. */
  unhealthy: 10,
  /** Ctrl-C, SIGINT. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** Of a command that threw. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof UsageError) return EXIT.usage
  if (!isRetakeError(thrown)) return EXIT.internal
  switch (thrown.code) {
    case 'RT1101':
    case 'RT1209':
    case 'RT1523':
      return EXIT.notFound
    case 'RT1406':
    case 'RT1407':
    case 'RT1440':
    case 'RT1501':
    case 'RT1502':
    case 'RT1526':
    case 'RT1503':
    case 'RT1506':
    case 'RT1517':
      return EXIT.unreachable
    case 'RT1304':
      return EXIT.timedOut
    default:
      return EXIT.rejected
  }
}
