import type { Broker, ClusterMetadata } from 'kafkajs/src/cluster/index.js'
import protocol from 'kafkajs/src/protocol/error.js'
import protocolRequests from 'kafkajs/src/protocol/requests/index.js'
import { decodeFetchResponse, FETCH_VERSIONS, type FetchResponse } from './fetch-response.js'
import { KafkaFault } from './kafka-fault.js'
import type { FetchRequest, Isolation } from './kafka-transport.js'

const FETCH_KEY = 1
const METADATA_KEY = 3

/** A fetch, in kafkajs's encoding and our decoding. */
export async function fetchFrom(broker: Broker, request: FetchRequest): Promise<FetchResponse> {
  const make = broker.lookupRequest(FETCH_KEY, protocolRequests.requests.Fetch)
  const { topic, isolation, maxWaitMs, minBytes, maxBytes, maxPartitionBytes } = request
  const partitions = request.partitions.map(({ partition, offset }) => ({
    partition,
    fetchOffset: String(offset),
    maxBytes: maxPartitionBytes,
  }))
  const made = make({
    isolationLevel: levelOf(isolation),
    maxWaitTime: maxWaitMs,
    minBytes,
    maxBytes,
    topics: [{ topic, partitions }],
  })
  const version = made.request.apiVersion
  if (version < FETCH_VERSIONS.oldest) {
    throw new KafkaFault('unsupported', 'UNSUPPORTED_VERSION', `the broker fetches in version ${version}`)
  }
  const answer = await broker.connectionPool.send({
    ...made,
    logResponseError: false,
    response: {
      async decode(payload) {
        const response = decodeFetchResponse(payload, version)
        // From version 8 on the broker leaves it to the client to wait (KIP-219); kafkajs's queue does.
        return { response, clientSideThrottleTime: version >= 8 ? response.throttleMs : 0 }
      },
      parse: async (decoded: { response: FetchResponse }) => decoded.response,
    },
  })
  return answer as FetchResponse
}

/** Metadata that is told although some partition has no leader. */
export async function lenientMetadata(broker: Broker, topics: readonly string[]): Promise<ClusterMetadata> {
  const make = broker.lookupRequest(METADATA_KEY, protocolRequests.requests.Metadata)
  const made = make({ topics, allowAutoTopicCreation: false })
  const parse = async (decoded: ClusterMetadata) => decoded
  const metadata = (await broker.connectionPool.send({
    ...made,
    response: { decode: made.response.decode, parse },
  })) as ClusterMetadata
  const refused = metadata.topicMetadata.find(({ topicErrorCode }) => topicErrorCode !== 0)
  if (refused !== undefined) throw protocol.createErrorFromCode(refused.topicErrorCode)
  return metadata
}

export function levelOf(isolation: Isolation): 0 | 1 {
  return isolation === 'read-committed' ? 1 : 0
}
