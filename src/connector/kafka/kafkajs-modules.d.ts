/**
 * The parts of kafkajs 2.2.4 below its consumer group that `kafkajs-transport.ts` uses; kafkajs publishes no types for
 * them. `kafkajs-internals.ts` checks at start-up that they are there.
 */
declare module 'kafkajs/src/cluster/index.js' {
  import type { Socket } from 'node:net'

  export interface ProtocolRequest {
    readonly request: { readonly apiKey: number; readonly apiName: string; readonly apiVersion: number }
    readonly response: { decode(payload: Buffer): Promise<unknown>; parse(decoded: never): Promise<unknown> }
    readonly requestTimeout?: number
    readonly logResponseError?: boolean
  }

  export interface Broker {
    readonly nodeId: number | null
    readonly connectionPool: {
      readonly host: string
      readonly port: number
      send(request: ProtocolRequest): Promise<unknown>
    }
    readonly lookupRequest: (apiKey: number, definition: unknown) => (options: object) => ProtocolRequest
    isConnected(): boolean
    connect(): Promise<void>
    disconnect(): Promise<void>
    metadata(topics: readonly string[]): Promise<ClusterMetadata>
    listOffsets(request: object): Promise<{
      readonly responses: readonly {
        readonly topic: string
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
      }[]
    }>
    findGroupCoordinator(request: object): Promise<{ readonly coordinator: { readonly nodeId: number } }>
    offsetCommit(request: object): Promise<unknown>
    offsetFetch(request: object): Promise<{
      readonly responses: readonly {
        readonly topic: string
        readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
      }[]
    }>
  }

  export interface ClusterMetadata {
    readonly topicMetadata: readonly {
      readonly topicErrorCode: number
      readonly topic: string
      readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[]
    }[]
  }

  export interface SocketRequest {
    readonly host: string
    readonly port: number
    readonly ssl: object | null | undefined
    onConnect(): void
  }

  export interface ClusterOptions {
    readonly brokers: readonly string[]
    readonly clientId: string
    readonly ssl: object | null | undefined
    readonly sasl: object | undefined
    readonly logger: unknown
    socketFactory(request: SocketRequest): Socket
    readonly connectionTimeout: number
    readonly authenticationTimeout: number
    readonly reauthenticationThreshold: number
    readonly requestTimeout: number
    readonly enforceRequestTimeout: boolean
    readonly metadataMaxAge: number
    readonly allowAutoTopicCreation: boolean
    readonly isolationLevel: number
    readonly retry: { readonly retries: number }
    readonly offsets: Map<string, unknown>
  }

  export default class Cluster {
    constructor(options: ClusterOptions)
    readonly targetTopics: Set<string>
    readonly brokerPool: {
      createBroker: (options: object) => Broker
      readonly brokers: Readonly<Record<string, Broker>>
      readonly metadata: ClusterMetadata | null
      findConnectedBroker(): Promise<Broker>
    }
    connect(): Promise<void>
    disconnect(): Promise<void>
    refreshMetadata(): Promise<void>
    findBroker(of: { nodeId: number }): Promise<Broker>
  }
}

declare module 'kafkajs/src/network/requestQueue/index.js' {
  export default class RequestQueue {
    readonly pending: readonly unknown[]
    scheduleCheckPendingRequests(): void
  }
}

declare module 'kafkajs/src/protocol/requests/index.js' {
  const protocol: { readonly requests: Readonly<Record<'Fetch' | 'Metadata', unknown>> }
  export default protocol
}

declare module 'kafkajs/src/protocol/error.js' {
  const protocol: { createErrorFromCode(code: number): Error }
  export default protocol
}

declare module 'kafkajs/src/loggers/index.js' {
  interface Entry {
    readonly namespace: string
    readonly label: string
    readonly log: { readonly message: string } & Readonly<Record<string, unknown>>
  }
  const loggers: {
    readonly LEVELS: Readonly<Record<'NOTHING' | 'ERROR' | 'WARN' | 'INFO' | 'DEBUG', number>>
    createLogger(options: { level: number; logCreator: (level: number) => (entry: Entry) => void }): unknown
  }
  export default loggers
}

declare module 'kafkajs/src/broker/saslAuthenticator/*.js' {
  interface Exchange {
    readonly host: string
    readonly port: number
    readonly logger: unknown
    saslAuthenticate(step: object): Promise<unknown>
  }
  type Provider = (exchange: Exchange) => { authenticate(): Promise<void> }
  const mechanism: (sasl: object) => Provider
  export default mechanism
}
