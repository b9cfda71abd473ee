import RequestQueue from 'kafkajs/src/network/requestQueue/index.js'
import { expect, test } from 'vitest'
import { checkKafkajs, KAFKAJS_VERSION, prepareKafkajs } from '#src/connector/kafka/kafkajs-internals.js'

interface QueueInside {
  pending: unknown[]
  throttledUntil: number
  throttleCheckTimeoutId: unknown
  checkPendingRequests(): void
  scheduleCheckPendingRequests(): void
  destroy(): void
}

const newQueue = () =>
  new (RequestQueue as unknown as new (options: object) => QueueInside)({
    maxInFlightRequests: null,
    requestTimeout: 1_000,
    logger: { debug() {} },
  })

test('when nothing is pending, then no timer is armed: kafkajs would arm one of a millisecond for ever', () => {
  prepareKafkajs()
  const queue = newQueue()
  queue.checkPendingRequests()
  expect(queue.throttleCheckTimeoutId).toBeNull()
})

test('when a throttled request is pending, then it is looked at again', () => {
  prepareKafkajs()
  const queue = newQueue()
  queue.throttledUntil = Number.MAX_SAFE_INTEGER
  queue.pending = [{}]
  queue.throttledUntil = 0
  queue.scheduleCheckPendingRequests()
  expect(queue.throttleCheckTimeoutId).not.toBeNull()
  queue.destroy()
})

test('when kafkajs is another version, then it is refused', () => {
  expect(() => checkKafkajs('2.3.0')).toThrow(expect.objectContaining({ code: 'RT1409' }))
  expect(() => checkKafkajs(KAFKAJS_VERSION)).not.toThrow()
})
