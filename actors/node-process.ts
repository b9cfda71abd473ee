import type { NatsOptions } from '#src/actor/transport/nats-connection.js'
import type { Clock } from '#src/kit/clock.js'
import type { ErrorInfo } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'
import type { Logger } from '#src/kit/logger.js'
import type { Random } from '#src/kit/random.js'
import type { NodeRole } from './cluster-view.js'

export interface NodeProcessOptions {
  readonly name: string
  readonly roles: readonly NodeRole[]
  readonly slots: number
  readonly labels: Readonly<Record<string, string>>
  readonly nats: NatsOptions
  readonly cluster: string
  /** Shared by all nodes, instead of JetStream. */
  readonly stateDirectory: string | undefined
  readonly heartbeatTimeoutMs: number
  readonly slotRequestMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  onEvent(event: NodeEvent): void
}

/** What becomes of a node, told to whoever runs its process. */
export type NodeEvent =
  /** For example: no job manager answers yet. */
  | { readonly type: 'waiting'; readonly reason: string }
  | { readonly type: 'ready'; readonly node: NodeId; readonly tookMs: number }
  /** It was taken for dead, or heard nobody: all it ran is stopped, and it comes back. */
  | { readonly type: 'lost'; readonly reason: 'evicted' | 'fenced' }
  | { readonly type: 'warning'; readonly error: ErrorInfo }
  /** `held`: slots. */
  | { readonly type: 'draining'; readonly held: number }
  | { readonly type: 'drained'; readonly tookMs: number }

export interface RunningNode {
  drain(): Promise<void>
  kill(): void
  /** With what ended it, unless that was asked for. */
  readonly ended: Promise<ErrorInfo | undefined>
}

/** Only its shape, until the cast behind it is there. Rejects with what keeps the node from joining, RT1501 … RT1522. */
export async function startNodeProcess(_options: NodeProcessOptions): Promise<RunningNode> {
  throw new Error('there is no node process yet')
}
