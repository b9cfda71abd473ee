import type { OperatorId, VertexIndex } from '../kit/ids.js'

/**
 * A job graph as plain data: what the job master knows of a job. It has no functions; slot threads have those, from
 * the bundle, under the same indices. Two builds of one job that differ in anything here have different fingerprints.
 */
export interface JobPlan {
  readonly name: string
  readonly vertices: readonly VertexPlan[]
  readonly edges: readonly EdgePlan[]
  readonly checkpoint: CheckpointOptions
  readonly restart: RestartPlan
  /** sha256, hex, of the canonical JSON of all the rest. */
  readonly fingerprint: string
}

export interface VertexPlan {
  readonly index: VertexIndex
  /** Names of its operators joined with ` → `. */
  readonly name: string
  readonly parallelism: number
  /** Number of key groups, fixed for the life of its state. */
  readonly maxParallelism: number
  /** In the order of the chain. */
  readonly operators: readonly OperatorPlan[]
}

export interface OperatorPlan {
  readonly id: OperatorId
  readonly kind: string
  readonly where: string
  /** Of combiners: so long a record is held at most. */
  readonly latencyMs?: number
  /** Of sources and sinks: what the connector's coordinator half needs. */
  readonly connector?: ConnectorPlan
}

export interface ConnectorPlan {
  readonly name: string
  readonly options: Readonly<Record<string, unknown>>
  /** Of sinks: whether rows are staged into checkpoints. */
  readonly guarantee?: 'exactly-once' | 'at-least-once'
}

export interface EdgePlan {
  readonly from: VertexIndex
  readonly to: VertexIndex
  readonly partitioner: 'forward' | 'rebalance' | 'rescale' | 'broadcast' | 'global' | 'hash' | 'custom'
}

/** Names of the connectors that the job's sources and sinks need. */
export function connectorNamesOf(plan: JobPlan): ReadonlySet<string> {
  const operators = plan.vertices.flatMap((vertex) => vertex.operators)
  return new Set(operators.flatMap(({ connector }) => (connector === undefined ? [] : [connector.name])))
}

/** Resolved: every default applied, times in milliseconds. */
export interface CheckpointOptions {
  readonly mode: 'exactly-once' | 'at-least-once'
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly minPauseMs: number
  readonly maxConcurrent: number
  readonly tolerableFailures: number
  readonly retained: number
}

/** `actor/restart-strategy.ts` gives it life. */
export type RestartPlan = Readonly<{ type: 'none' | 'fixed-delay' | 'exponential-delay' | 'failure-rate' }> &
  Readonly<Record<string, string | number>>
