import {
  broadcast,
  global,
  hash,
  type InPort,
  type Key,
  type OutPort,
  of,
  operator,
  type Partitioner,
  rebalance,
  rescale,
  state,
  type Topology,
} from '#src/api/index.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { delaying, levelling, numbering, type Process, type StateOfProcess, sifting } from './processes.js'
import { copies, isKept, level, mapped, type Row, risen } from './row.js'
import type { KeyForm, Placed, ShapeNode, Travel } from './shape.js'
import { type Ends, sinkOf, sourceOf } from './shape-ends.js'
import type { ShapeHooks } from './shape-job.js'

/** Lays a shape out by hand, as vertices with ports, and edges. Functions are operators that keep nothing. */
export class TopologyLayer {
  readonly #topology: Topology<unknown>
  readonly #ends: Ends
  readonly #hooks: ShapeHooks
  readonly #ports = new Map<string, OutPort<Row>>()

  constructor(topology: Topology<unknown>, ends: Ends, hooks: ShapeHooks) {
    this.#topology = topology
    this.#ends = ends
    this.#hooks = hooks
  }

  lay(nodes: readonly ShapeNode[]): void {
    for (const node of nodes) this.#vertex(node)
  }

  #vertex(node: ShapeNode): void {
    const { id } = node
    const onRecord = () => this.#hooks.onRecord(id)
    switch (node.kind) {
      case 'source':
        this.#ports.set(id, this.#topology.source(id, sourceOf(node, this.#ends), optionsOf(node)).out)
        return
      case 'map':
        return this.#function(node, (row) => [mapped(row, id, node)])
      case 'filter':
        return this.#function(node, (row) => (isKept(row, node) ? [row] : []))
      case 'flat-map':
        return this.#function(node, (row) => copies(row, id, node.most))
      case 'scaled':
        return this.#function(node, ({ key, value }) => [
          level(node.keys === undefined ? key : key % node.keys, value * node.times + node.plus),
        ])
      case 'numbered':
        return this.#process(node, numbering(id, onRecord), byKey(node.form))
      case 'distinct':
        return this.#process(
          node,
          sifting(onRecord),
          hash(({ id }: Row) => id),
        )
      case 'delayed':
        return this.#process(node, delaying(node.delayMs, onRecord), byKey(node.form))
      case 'level':
        return this.#process(node, levelling(node, onRecord), byKey(node.form))
      case 'join':
        return this.#join(node, node.delayMs)
      case 'append':
      case 'upsert': {
        const sink = this.#topology.sink(id, sinkOf(node, this.#ends), optionsOf(node))
        for (const { from, by } of node.inputs) {
          this.#topology.connect(this.#port(from), sink.in, by === undefined ? undefined : travelling(by))
        }
        return
      }
      default:
        assertNever(node)
    }
  }

  /** By key, so that levels of a key stay in order. */
  #function(node: Placed, rowsOf: (row: Row) => readonly Row[]): void {
    const calling = operator({
      receives: { row: of<Row>() },
      emits: { row: of<Row>() },
      on: {
        row: (row, ctx) => {
          this.#hooks.onRecord(node.id)
          for (const each of rowsOf(row)) ctx.emit.row(each)
        },
      },
    })
    const vertex = this.#topology.operator(node.id, calling, optionsOf(node))
    this.#connect(node, vertex.in.row, byKey('field'))
    this.#ports.set(node.id, vertex.out.row)
  }

  #process<State extends StateOfProcess>(
    node: Placed,
    { state, onRecord, onTimer }: Process<State>,
    how: Partitioner<Row>,
  ): void {
    const processing = operator({
      receives: { row: of<Row>() },
      emits: { row: of<Row>() },
      state,
      on: { row: (row, ctx) => onRecord(row, ctx, ctx.emit.row) },
      onTimer: (timer, ctx) => onTimer?.(timer, ctx, ctx.emit.row),
    })
    const vertex = this.#topology.operator(node.id, processing, optionsOf(node))
    this.#connect(node, vertex.in.row, how)
    this.#ports.set(node.id, vertex.out.row)
  }

  /** Numbers the rows of both ports together, and tells their total: at once, or some time later. */
  #join(node: Placed, delayMs: number | undefined): void {
    const { id, inputs } = node
    const onRecord = () => this.#hooks.onRecord(id)
    const joining = operator({
      receives: { left: of<Row>(), right: of<Row>() },
      emits: { numbered: of<Row>(), total: of<Row>() },
      state: { key: state.value(0), n: state.value(0), total: state.value(0) },
      on: {
        left(row, ctx) {
          counted(row, ctx)
        },
        right(row, ctx) {
          counted(row, ctx)
        },
      },
      onTimer: (_, ctx) => {
        onRecord()
        ctx.emit.total(level(ctx.state.key.get(), ctx.state.total.get()))
      },
    })
    type Context = Parameters<typeof joining.on.left>[1]
    const counted = ({ key, value }: Row, ctx: Context): void => {
      onRecord()
      ctx.state.key.set(key)
      ctx.state.n.update((n) => n + 1)
      ctx.state.total.update((total) => total + value)
      ctx.emit.numbered(risen(id, key, ctx.state.n.get()))
      if (delayMs === undefined) ctx.emit.total(level(key, ctx.state.total.get()))
      else ctx.timers.in(delayMs, 'total')
    }
    const vertex = this.#topology.operator(id, joining, optionsOf(node))
    for (const { from, port } of inputs) {
      assert(port !== undefined, 'an input of a join says its port', { id })
      this.#topology.connect(this.#port(from), vertex.in[port], byKey('field'))
    }
    this.#ports.set(`${id}.numbered`, vertex.out.numbered)
    this.#ports.set(`${id}.total`, vertex.out.total)
  }

  #connect({ inputs }: Placed, to: InPort<Row>, how: Partitioner<Row>): void {
    for (const { from } of inputs) this.#topology.connect(this.#port(from), to, how)
  }

  #port(from: string): OutPort<Row> {
    const port = this.#ports.get(from)
    assert(port !== undefined, 'whoever feeds comes before whom it feeds', { from })
    return port
  }
}

function byKey(form: KeyForm): Partitioner<Row> {
  const keyOf: Record<KeyForm, (row: Row) => Key> = {
    field: ({ key }) => key,
    text: ({ key }) => `k${key}`,
    tuple: ({ key }) => [key, key % 2 === 0],
  }
  return hash(keyOf[form])
}

function travelling(by: Travel): Partitioner<Row> {
  switch (by) {
    case 'rebalance':
      return rebalance
    case 'rescale':
      return rescale
    case 'broadcast':
      return broadcast
    case 'global':
      return global
    case 'custom':
      assert(false, 'the explicit layer has no custom partitioners', { by })
  }
}

function optionsOf({ parallelism, chaining }: Placed) {
  return { ...(parallelism !== undefined && { parallelism }), ...(chaining !== undefined && { chaining }) }
}
