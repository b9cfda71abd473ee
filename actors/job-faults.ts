import type { AskFailure } from '#src/actor/actor.js'
import { type ErrorInfo, errorInfoOf, RetakeError } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'

/** What a job master, or the front desk, makes of what it is not told, or not given. */

/** What an ask came to that was not answered. */
export function errorOfAsk(failure: AskFailure, what: string): ErrorInfo {
  if (failure.kind === 'failed') return failure.error
  return errorInfoOf(new Error(`${what}: ${failure.kind}`))
}

export function tooFewSlots(reason: string, waitedMs: number): ErrorInfo {
  return errorInfoOf(
    new RetakeError('RT1511', {
      what: `the job got no slots in ${waitedMs / 1_000} s`,
      why: reason,
      fix: 'start more task managers, give them more slots, or lower the parallelism of the job',
      where: 'the resource manager',
    }),
  )
}

export function taskManagerLost(node: NodeId): ErrorInfo {
  return errorInfoOf(
    new RetakeError('RT1512', {
      what: `the task manager on ${node} is lost`,
      why: 'it ended, or is not heard any more',
      fix: 'nothing if it was on purpose: the job restarts on the slots that are left; else start it again',
    }),
  )
}
