import type { PartitionerSpec } from '../channel/partitioner-spec.js'
import { RetakeError } from '../kit/errors.js'
import type { OperatorId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { JobSettings } from './job-graph.js'
import type { NodeSpec, StreamEdge, StreamGraph, StreamNode } from './stream-graph.js'

/** An operator as the API hands it over. */
export interface NewNode {
  /** Undefined: derived from its kind, for operators that keep nothing. */
  readonly id: string | undefined
  readonly operator: NodeSpec
  readonly parallelism: number | undefined
  readonly chaining: StreamNode['chaining'] | undefined
  readonly where: string
}

/** Where records of an edge come from, and how they travel; undefined: forward, or rebalance where parallelism differs. */
export interface NewInput {
  readonly from: number
  readonly partitioner: PartitionerSpec | undefined
}

/**
 * Collects what the user's calls describe, and refuses at the call what cannot be: a duplicate id, a parallelism out
 * of range. What only the whole shows (no sink, records that go nowhere) `build` refuses.
 */
export class StreamGraphBuilder {
  readonly #settings: JobSettings
  readonly #nodes: (Omit<StreamNode, 'id'> & { id: string | undefined })[] = []
  readonly #edges: StreamEdge[] = []
  readonly #whereById = new Map<string, string>()

  constructor(settings: JobSettings) {
    this.#settings = settings
  }

  /** @returns the node's index */
  add(node: NewNode, inputs: readonly NewInput[]): number {
    const { id, operator, parallelism, chaining = 'always', where } = node
    if (id !== undefined) this.#claim(id, where)
    if (parallelism !== undefined) checkParallelism(parallelism, this.#settings.maxParallelism, where)
    checkChaining(chaining, where)
    const index = this.#nodes.length
    this.#nodes.push({ index, id, operator, parallelism, chaining, where })
    for (const { from, partitioner } of inputs) this.connect(from, index, partitioner, where)
    return index
  }

  connect(from: number, to: number, partitioner: PartitionerSpec | undefined, where: string): void {
    const sameParallelism = this.parallelismOf(from) === this.parallelismOf(to)
    if (partitioner?.kind === 'forward' && !sameParallelism) throw forwardImpossible(where)
    this.#edges.push({
      from,
      to,
      partitioner: partitioner ?? { kind: sameParallelism ? 'forward' : 'rebalance' },
    })
  }

  setChaining(index: number, chaining: StreamNode['chaining']): void {
    const node = this.#nodes[index]
    if (node !== undefined) this.#nodes[index] = { ...node, chaining }
  }

  /** Resolved: its own, or the job's. */
  parallelismOf(index: number): number {
    return this.resolved(this.#nodes[index]?.parallelism)
  }

  resolved(parallelism: number | undefined): number {
    return parallelism ?? this.#settings.parallelism
  }

  /** The whole graph, with an id for every operator. Throws RT1002, RT1003, RT1005, RT1008. */
  build(): StreamGraph {
    this.#checkEnds()
    const counts = new Map<string, number>()
    const nodes = this.#nodes.map((node) => ({
      ...node,
      id: (node.id ?? this.#derivedId(node, counts)) as OperatorId,
    }))
    this.#checkConsumed(nodes)
    this.#checkAcyclic(nodes)
    return { nodes, edges: this.#edges }
  }

  #claim(id: string, where: string): void {
    checkId(id, where)
    const other = this.#whereById.get(id)
    if (other !== undefined) {
      throw new RetakeError('RT1001', {
        what: `the id ${JSON.stringify(id)} is used twice`,
        why: `it was first used at ${other}, and state is found by id`,
        fix: 'give one of them another id',
        where,
      })
    }
    this.#whereById.set(id, where)
  }

  #derivedId({ operator }: { readonly operator: NodeSpec }, counts: Map<string, number>): string {
    for (;;) {
      const count = (counts.get(operator.kind) ?? 0) + 1
      counts.set(operator.kind, count)
      const id = `${operator.kind}-${count}`
      if (!this.#whereById.has(id)) return id
    }
  }

  #checkEnds(): void {
    if (!this.#nodes.some(({ operator }) => operator.kind === 'source')) {
      throw new RetakeError('RT1003', {
        what: 'the job has no source',
        why: 'no records would ever come',
        fix: "begin with flow.from('id', source)",
      })
    }
    if (!this.#nodes.some(({ operator }) => operator.kind === 'sink')) {
      throw new RetakeError('RT1002', {
        what: 'the job has no sink',
        why: 'its records would go nowhere',
        fix: "end with .to('id', sink); .to('out', discard()) throws them away on purpose",
        where: this.#nodes.at(-1)?.where,
      })
    }
    for (const { id, operator, where } of this.#nodes) {
      if (operator.kind !== 'sink' || operator.sink.guarantee !== 'exactly-once') continue
      if (this.#settings.checkpoint.mode === 'exactly-once') continue
      throw new RetakeError('RT1005', {
        what: `the sink ${JSON.stringify(id)} is exactly-once, the checkpoints of the job are not`,
        why: "with checkpoint mode 'at-least-once' records are repeated after a failure, so the sink could not keep its word",
        fix: "set checkpoint: { mode: 'exactly-once' }, or guarantee: 'at-least-once' on the sink",
        where,
      })
    }
  }

  /** Takes away what is fed by nothing, again and again: what stays is in a circle, or behind one. */
  #checkAcyclic(nodes: readonly StreamNode[]): void {
    let rest = nodes
    let edges: readonly StreamEdge[] = this.#edges
    for (;;) {
      const fed = new Set(edges.map(({ to }) => to))
      const left = rest.filter(({ index }) => fed.has(index))
      const [first] = left
      if (first === undefined) return
      if (left.length === rest.length) throw circle(first)
      const ids = new Set(left.map(({ index }) => index))
      edges = edges.filter(({ from }) => ids.has(from))
      rest = left
    }
  }

  #checkConsumed(nodes: readonly StreamNode[]): void {
    const feeding = new Set(this.#edges.map((edge) => edge.from))
    for (const { index, id, operator, where } of nodes) {
      if (operator.kind === 'sink' || feeding.has(index)) continue
      throw new RetakeError('RT1008', {
        what: `the records of ${JSON.stringify(id)} go nowhere`,
        why: 'nothing is connected to it',
        fix: "connect it to a sink; .to('out', discard()) throws records away on purpose",
        where,
      })
    }
  }
}

export function checkParallelism(
  parallelism: number,
  maxParallelism: number | undefined,
  where?: string,
): void {
  const highest = maxParallelism ?? LIMITS.maxParallelism
  if (Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= highest) return
  throw new RetakeError('RT1006', {
    what: `parallelism ${parallelism} is out of range`,
    why: `it is a whole number from 1 to ${highest}, the max parallelism`,
    fix: 'choose a number in that range',
    where,
  })
}

const CHAININGS: readonly StreamNode['chaining'][] = ['always', 'never', 'head']

function checkChaining(chaining: StreamNode['chaining'], where: string): void {
  if (CHAININGS.includes(chaining)) return
  throw new RetakeError('RT1012', {
    what: `an operator was given chaining: ${JSON.stringify(chaining)}`,
    why: `chaining is one of ${CHAININGS.join(', ')}`,
    fix: 'correct it, or leave it out',
    where,
  })
}

const ID_LENGTH_MAX = 100

/** Ids are printed, logged and written into ledgers: one line of text, without space at its ends. */
export function checkId(
  id: unknown,
  where: string | undefined,
  of = 'a source, a sink or an operator with state',
): void {
  const isText = typeof id === 'string' && id !== '' && id.length <= ID_LENGTH_MAX
  if (isText && id === id.trim() && !/\p{Cc}/u.test(id) && id.isWellFormed()) return
  throw new RetakeError('RT1004', {
    what: id === undefined || id === '' ? 'an id is missing' : `${JSON.stringify(id)} cannot be an id`,
    why: `the id of ${of} is one line of 1 to ${ID_LENGTH_MAX} characters: it is found again by it`,
    fix: "give it a name that stays, for example 'clicks'",
    where,
  })
}

function circle({ id, where }: StreamNode): RetakeError {
  return new RetakeError('RT1015', {
    what: `the records of ${JSON.stringify(id)} come back to it`,
    why: 'a circle would never end, and no barrier could pass it',
    fix: 'send to operators further on only',
    where,
  })
}

function forwardImpossible(where: string): RetakeError {
  return new RetakeError('RT1014', {
    what: 'a forward edge joins operators of different parallelism',
    why: 'forward means that subtask i sends to subtask i',
    fix: 'use the same parallelism on both sides, or rebalance',
    where,
  })
}
