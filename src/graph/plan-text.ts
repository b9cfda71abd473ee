import { executionGraphOf, requiredSlots } from './execution-graph.js'
import type { EdgePlan, JobPlan, OperatorPlan, VertexPlan } from './job-plan.js'

/**
 * A plan as people read it: how many subtasks and slots, each vertex with its operators and their places, each edge.
 *
 *     click-count: 2 vertices, 4 subtasks, 2 slots
 *
 *     0  clicks → filter-1 → map-1                  2 subtasks
 *          clicks    source kafka   examples/click-count.ts:14
 *          …
 *        └─ hash → 1
 *     1  count → table                              2 subtasks
 *          …
 *
 * @param root folder that places are shown from
 */
export function planText(plan: JobPlan, root = ''): string {
  const { subtasks } = executionGraphOf(plan)
  const counts = [
    counted(plan.vertices.length, 'vertex', 'vertices'),
    counted(subtasks.length, 'subtask', 'subtasks'),
  ]
  const head = `${plan.name}: ${counts.join(', ')}, ${counted(requiredSlots(plan), 'slot', 'slots')}`
  const vertices = plan.vertices.map((vertex) => vertexText(vertex, plan, root))
  const { checkpoint, restart } = plan
  const policy = `checkpoints ${checkpoint.mode} every ${checkpoint.intervalMs / 1_000} s, restart ${restart.type}`
  return `${[head, '', ...vertices, '', policy, `fingerprint ${plan.fingerprint}`].join('\n')}\n`
}

function vertexText(vertex: VertexPlan, plan: JobPlan, root: string): string {
  const { index, name, parallelism, maxParallelism, operators } = vertex
  const width = Math.max(...operators.map(({ id }) => id.length))
  const kinds = operators.map(kindText)
  const kindWidth = Math.max(...kinds.map(({ length }) => length))
  return [
    `${index}  ${name}  (${counted(parallelism, 'subtask', 'subtasks')}, ${maxParallelism} key groups)`,
    ...operators.map(({ id, where }, i) =>
      `     ${id.padEnd(width)}  ${kinds[i]!.padEnd(kindWidth)}  ${shownFrom(root, where)}`.trimEnd(),
    ),
    ...plan.edges
      .filter(({ from }) => from === index)
      .map((edge) => `   └─ ${edge.partitioner} → ${edge.to}`),
  ].join('\n')
}

function shownFrom(root: string, where: string): string {
  return root !== '' && where.startsWith(`${root}/`) ? where.slice(root.length + 1) : where
}

/** `retake plan --format mermaid`. */
export function planMermaid(plan: JobPlan): string {
  const vertices = plan.vertices.map(
    ({ index, name, parallelism }) => `  v${index}["${escaped(name)}<br/>× ${parallelism}"]`,
  )
  const edges = plan.edges.map(
    ({ from, to, partitioner }: EdgePlan) => `  v${from} -->|${partitioner}| v${to}`,
  )
  return `${['flowchart LR', ...vertices, ...edges].join('\n')}\n`
}

/** `retake plan --format json`: the plan, and what follows from it. */
export function planJson(plan: JobPlan): string {
  const subtasks = executionGraphOf(plan).subtasks.length
  return `${JSON.stringify({ ...plan, subtasks, requiredSlots: requiredSlots(plan) }, null, 2)}\n`
}

function kindText({ kind, connector, latencyMs }: OperatorPlan): string {
  if (latencyMs !== undefined) return `${kind} ${latencyMs} ms`
  return connector === undefined ? kind : `${kind} ${connector.name}`
}

function counted(count: number, one: string, several: string): string {
  return `${count} ${count === 1 ? one : several}`
}

/** Mermaid reads HTML entities inside quotes. */
function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `#${sign.charCodeAt(0)};`)
}
