import type { NodeId } from '../kit/ids.js'

/** What a process says of itself when it joins a cluster. */
export interface NodeInfo {
  /** Of this incarnation alone. */
  readonly node: NodeId
  /** What its operator calls it; stays over incarnations, and one living node has it. */
  readonly name: string
  readonly host: string
  readonly pid: number
  /** Of Retake. */
  readonly version: string
  /** Of the messages between nodes (`protocol.ts`). */
  readonly protocol: number
  readonly cpus: number
  readonly memoryBytes: number
  readonly labels: Readonly<Record<string, string>>
  /** Milliseconds since 1970, for display. */
  readonly startedAt: number
}
