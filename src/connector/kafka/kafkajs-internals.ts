import { createRequire } from 'node:module'
import Cluster from 'kafkajs/src/cluster/index.js'
import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import protocolRequests from 'kafkajs/src/protocol/requests/index.js'
import { RetakeError } from '../../kit/errors.js'

/**
 * Makes sure that kafkajs is the one that we know, and mends it, once for the process.
 *
 * We use it below its consumer group, where it promises nothing, so its version is pinned and every method that we call
 * is looked for. One fault of 2.2.4 reaches down to us: a connection re-arms a timer of 1 ms for ever, because the time
 * to wait is computed from `throttledUntil` = -1 (issue 1751). Only a queue with pending requests needs that timer.
 */
export function prepareKafkajs(): void {
  if (isPrepared) return
  checkKafkajs(createRequire(import.meta.url)('kafkajs/package.json').version as string)
  const queue = RequestQueue.prototype
  const schedule = queue.scheduleCheckPendingRequests
  queue.scheduleCheckPendingRequests = function (this: RequestQueue): void {
    if (this.pending.length > 0) schedule.call(this)
  }
  isPrepared = true
}

let isPrepared = false

export const KAFKAJS_VERSION = '2.2.4'

/** Throws RT1409 unless `version` is the pinned one and has what we call. */
export function checkKafkajs(version: string): void {
  const missing = [
    ...lacking('Cluster', Cluster.prototype, ['connect', 'disconnect', 'refreshMetadata', 'findBroker']),
    ...lacking('RequestQueue', RequestQueue.prototype, ['scheduleCheckPendingRequests']),
    ...lacking('requests', protocolRequests.requests, ['Fetch', 'Metadata'], 'object'),
  ]
  if (version === KAFKAJS_VERSION && missing.length === 0) return
  throw new RetakeError('RT1409', {
    what: `kafkajs is ${version}, and ${KAFKAJS_VERSION} is needed exactly`,
    why: `Retake uses its inner parts${missing.length === 0 ? '' : `; missing: ${missing.join(', ')}`}`,
    fix: `install kafkajs@${KAFKAJS_VERSION}, and remove overrides of it from package.json`,
  })
}

function lacking(of: string, object: object, names: readonly string[], type = 'function'): string[] {
  return names
    .filter((name) => typeof (object as Record<string, unknown>)[name] !== type)
    .map((name) => `${of}.${name}`)
}
