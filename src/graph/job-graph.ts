import type { PartitionerSpec } from '../channel/partitioner-spec.js'
import { assert } from '../kit/assert.js'
import type { OperatorId, VertexIndex } from '../kit/ids.js'
import { defaultMaxParallelism } from '../kit/key-group.js'
import { chainHeads } from './chaining.js'
import type { CheckpointOptions, RestartPlan } from './job-plan.js'
import type { StreamGraph, StreamNode } from './stream-graph.js'
import { checkParallelism } from './stream-graph-builder.js'

/**
 * What runs: vertices, each a chain of operators, and the edges between them. Unlike the plan, which is data, it has
 * the user's functions, so every slot thread builds its own from the job's module. A chain is a tree: where one
 * operator feeds several others, all that may be chained to it are.
 */
export interface JobGraph {
  /** The job's. */
  readonly name: string
  /** The job's options, every default applied. */
  readonly settings: JobSettings
  /** An edge names them by their index. */
  readonly vertices: readonly JobVertex[]
  /** What connects them, each with its partitioner. */
  readonly edges: readonly JobEdge[]
}

/** The job's options with every default applied. */
export interface JobSettings {
  readonly checkpoint: CheckpointOptions
  readonly restart: RestartPlan
  readonly bufferTimeoutMs: number
  readonly chaining: boolean
  /** Of operators that do not say their own. */
  readonly parallelism: number
  /** Undefined: derived from the parallelism of each vertex. */
  readonly maxParallelism: number | undefined
  /** Of operators whose state is to be restored: fixed by the checkpoint. */
  readonly maxParallelismOf: Readonly<Record<OperatorId, number>>
}

export interface JobVertex {
  readonly index: VertexIndex
  readonly name: string
  readonly parallelism: number
  readonly maxParallelism: number
  /** In the order of the chain: whoever feeds comes before whom it feeds. The first one has the vertex's inputs. */
  readonly nodes: readonly ChainNode[]
}

export interface ChainNode extends StreamNode {
  /** Position in `nodes` of the operator that feeds this one; undefined for the first. */
  readonly fedBy: number | undefined
}

export interface JobEdge {
  readonly from: VertexIndex
  /** Position in the sender's `nodes` of the operator whose records travel. */
  readonly fromNode: number
  readonly to: VertexIndex
  readonly partitioner: PartitionerSpec
}

/** Edges that leave `vertex`, in the order of the graph: a subtask has one output, and its chain one `outputs`, for each. */
export function outEdges(graph: JobGraph, vertex: VertexIndex): readonly JobEdge[] {
  return graph.edges.filter((edge) => edge.from === vertex)
}

/** Fuses what may be fused, by Flink's rules (`chaining.ts`), and names what comes of it. */
export function jobGraphOf(name: string, graph: StreamGraph, settings: JobSettings): JobGraph {
  const heads = chainHeads(graph, settings)
  const vertices: JobVertex[] = []
  const places = new Map<number, { vertex: VertexIndex; position: number }>()
  for (const node of graph.nodes) {
    if (heads[node.index] !== node.index) continue
    const index = vertices.length as VertexIndex
    const nodes = chainFrom(node.index, graph, heads)
    for (const [position, each] of nodes.entries()) places.set(each.index, { vertex: index, position })
    vertices.push(vertexOf(index, nodes, settings))
  }
  const edges: JobEdge[] = []
  for (const { from, to, partitioner } of graph.edges) {
    const sender = places.get(from)
    const receiver = places.get(to)
    assert(sender !== undefined && receiver !== undefined, 'an edge joins operators of the graph', {
      from,
      to,
    })
    if (sender.vertex === receiver.vertex) continue
    edges.push({ from: sender.vertex, fromNode: sender.position, to: receiver.vertex, partitioner })
  }
  return { name, settings, vertices, edges }
}

/** The operators of the chain that begins at `head`: depth first, in the order in which the user connected them. */
function chainFrom(head: number, graph: StreamGraph, heads: readonly number[]): ChainNode[] {
  const chain: ChainNode[] = []
  const visit = (index: number, fedBy: number | undefined) => {
    const position = chain.length
    chain.push({ ...graph.nodes[index]!, fedBy })
    for (const { from, to } of graph.edges) {
      if (from === index && heads[to] === head && to !== head) visit(to, position)
    }
  }
  visit(head, undefined)
  return chain
}

function vertexOf(index: VertexIndex, nodes: readonly ChainNode[], settings: JobSettings): JobVertex {
  const parallelism = nodes[0]!.parallelism ?? settings.parallelism
  const fixed = nodes.map((node) => settings.maxParallelismOf[node.id]).find((max) => max !== undefined)
  // What the user says is not passed over: restoring refuses it where the state has another.
  const maxParallelism = settings.maxParallelism ?? fixed ?? defaultMaxParallelism(parallelism)
  checkParallelism(parallelism, maxParallelism, nodes[0]!.where)
  return {
    index,
    name: nodes.map((node) => node.id).join(' → '),
    parallelism,
    maxParallelism,
    nodes,
  }
}
