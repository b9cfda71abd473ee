import { RetakeError } from '../../kit/errors.js'

/** What a broker sent cannot be what it holds, or nobody could have written it. */
export function damagedBytes(why: string): RetakeError {
  return new RetakeError('RT1408', {
    what: 'bytes that came from Kafka are not what was written',
    why,
    fix: 'look at the network and at the disk of the broker; kafka-dump-log verifies what the broker holds',
  })
}
