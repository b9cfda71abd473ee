import type { ChannelIndex, SubtaskId, SubtaskIndex, VertexIndex } from '../kit/ids.js'
import { subtaskId } from '../kit/ids.js'
import type { EdgePlan, JobPlan } from './job-plan.js'

/**
 * The subtasks of a job and the channels between them: a plan, unfolded by its parallelism. Which slot runs a subtask,
 * and in which state it is, stands elsewhere; this is the same for every attempt.
 */
export interface ExecutionGraph {
  /** By vertex, then by parallel index. */
  readonly subtasks: readonly SubtaskPlan[]
}

export interface SubtaskPlan {
  readonly id: SubtaskId
  readonly vertex: VertexIndex
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
  /** Position = the channel's index. */
  readonly inputs: readonly InputChannel[]
  /** One for each edge that leaves the vertex, in the order of the plan's edges (that of `outEdges`, too). */
  readonly outputs: readonly OutputEdge[]
}

export interface InputChannel {
  readonly channel: ChannelIndex
  /** Position in `plan.edges`. */
  readonly edge: number
  readonly from: SubtaskId
  /** Index of this channel among all output channels of the sender. */
  readonly senderChannel: ChannelIndex
}

export interface OutputEdge {
  /** Position in `plan.edges`. */
  readonly edge: number
  readonly partitioner: EdgePlan['partitioner']
  /** Of the receiving vertex: what a hash is taken modulo. */
  readonly maxParallelism: number
  /** What the partitioner chooses among: position i reaches the receiver's i-th subtask, but where it is pointwise. */
  readonly channels: readonly OutputChannel[]
}

export interface OutputChannel {
  /** Index among all output channels of this subtask. */
  readonly channel: ChannelIndex
  readonly to: SubtaskId
  /** Index of this channel among the receiver's inputs. */
  readonly receiverChannel: ChannelIndex
}

export function executionGraphOf(plan: JobPlan): ExecutionGraph {
  const inputs = new Map<SubtaskId, InputChannel[]>()
  const outputs = new Map<SubtaskId, OutputEdge[]>()
  const channelCounts = new Map<SubtaskId, number>()
  const listOf = <T>(lists: Map<SubtaskId, T[]>, id: SubtaskId): T[] => {
    const list = lists.get(id) ?? []
    lists.set(id, list)
    return list
  }
  for (const [edge, { from, to, partitioner }] of plan.edges.entries()) {
    const { parallelism: receivers, maxParallelism } = plan.vertices[to]!
    const { parallelism: senders } = plan.vertices[from]!
    for (let sender = 0; sender < senders; sender++) {
      const senderId = subtaskId(from, sender as SubtaskIndex)
      const channels: OutputChannel[] = []
      for (const receiver of receiversOf(partitioner, sender, senders, receivers)) {
        const receiverId = subtaskId(to, receiver as SubtaskIndex)
        const received = listOf(inputs, receiverId)
        const senderChannel = (channelCounts.get(senderId) ?? 0) as ChannelIndex
        const receiverChannel = received.length as ChannelIndex
        channelCounts.set(senderId, senderChannel + 1)
        received.push({ channel: receiverChannel, edge, from: senderId, senderChannel })
        channels.push({ channel: senderChannel, to: receiverId, receiverChannel })
      }
      listOf(outputs, senderId).push({ edge, partitioner, maxParallelism, channels })
    }
  }
  const subtasks: SubtaskPlan[] = []
  for (const { index: vertex, parallelism, maxParallelism } of plan.vertices) {
    for (let i = 0; i < parallelism; i++) {
      const subtask = i as SubtaskIndex
      const id = subtaskId(vertex, subtask)
      subtasks.push({
        id,
        vertex,
        subtask,
        parallelism,
        maxParallelism,
        inputs: inputs.get(id) ?? [],
        outputs: outputs.get(id) ?? [],
      })
    }
  }
  return { subtasks }
}

/** Subtasks of the receiving vertex that the sender's subtask `sender` reaches, in order. */
function receiversOf(
  partitioner: EdgePlan['partitioner'],
  sender: number,
  senders: number,
  receivers: number,
): readonly number[] {
  switch (partitioner) {
    case 'forward':
    case 'rescale':
      return pointwise(sender, senders, receivers)
    default:
      return Array.from({ length: receivers }, (_, receiver) => receiver)
  }
}

/** Flink's pointwise pattern: neighbours share, so that each receiver is fed by as few senders as may be. */
function pointwise(sender: number, senders: number, receivers: number): readonly number[] {
  if (senders >= receivers) return [Math.floor((sender * receivers) / senders)]
  const first = Math.ceil((sender * receivers) / senders)
  const end = Math.ceil(((sender + 1) * receivers) / senders)
  return Array.from({ length: end - first }, (_, i) => first + i)
}

/** A slot holds one subtask of every vertex: as many as the highest parallelism. */
export function requiredSlots(plan: JobPlan): number {
  return Math.max(0, ...plan.vertices.map((vertex) => vertex.parallelism))
}

/** All subtasks, whoever receives before whoever sends to it. */
export function deploymentOrder(plan: JobPlan, graph: ExecutionGraph): readonly SubtaskPlan[] {
  const depths = new Map<VertexIndex, number>()
  const depthOf = (vertex: VertexIndex): number => {
    const known = depths.get(vertex)
    if (known !== undefined) return known
    const receivers = plan.edges.filter((edge) => edge.from === vertex).map((edge) => depthOf(edge.to))
    const depth = receivers.length === 0 ? 0 : Math.max(...receivers) + 1
    depths.set(vertex, depth)
    return depth
  }
  return [...graph.subtasks].sort((a, b) => depthOf(a.vertex) - depthOf(b.vertex))
}
