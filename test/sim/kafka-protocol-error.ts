import protocol from 'kafkajs/src/protocol/error.js'
import { faultOf, KafkaFault } from '#src/connector/kafka/kafka-fault.js'
import { assert } from '#src/kit/assert.js'

/** Kafka's numbers of what a broker says of one partition, and unsays when it is asked again, here or elsewhere. */
const PASSING_ERRORS = {
  OFFSET_OUT_OF_RANGE: 1,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_FOR_PARTITION: 6,
  KAFKA_STORAGE_ERROR: 56,
  FENCED_LEADER_EPOCH: 74,
  OFFSET_NOT_AVAILABLE: 78,
} as const

export type PassingError = keyof typeof PASSING_ERRORS

export const PASSING = Object.keys(PASSING_ERRORS) as readonly PassingError[]

/** A broker's word as the port tells it: kafkajs's names for Kafka's numbers, and our table of what they mean. */
export function protocolFault(error: PassingError): KafkaFault {
  const fault = faultOf(protocol.createErrorFromCode(PASSING_ERRORS[error]))
  assert(fault instanceof KafkaFault && fault.code === error, 'an error has another number', { error })
  return fault
}
