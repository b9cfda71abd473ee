import type { Flow, Key, KeyedStream, Stream } from '#src/api/index.js'
import { assert, assertNever } from '#src/kit/assert.js'
import { delaying, levelling, numbering, sifting, yielding } from './processes.js'
import { combined, copies, isKept, level, mapped, type Row, risen } from './row.js'
import type { InputOf, KeyForm, Placed, ShapeNode, Work } from './shape.js'
import { type Ends, sinkOf, sourceOf } from './shape-ends.js'
import type { ShapeHooks } from './shape-job.js'

type NodeOf<Kind extends Work['kind']> = Placed & Extract<Work, { readonly kind: Kind }>

/** Lays a shape out as streams. */
export class FlowLayer {
  readonly #flow: Flow<unknown>
  readonly #ends: Ends
  readonly #hooks: ShapeHooks
  readonly #streams = new Map<string, Stream<Row>>()

  constructor(flow: Flow<unknown>, ends: Ends, hooks: ShapeHooks) {
    this.#flow = flow
    this.#ends = ends
    this.#hooks = hooks
  }

  lay(nodes: readonly ShapeNode[]): void {
    for (const node of nodes) {
      const stream = this.#stream(node)
      if (stream !== undefined) this.#streams.set(node.id, stream)
    }
  }

  #stream(node: ShapeNode): Stream<Row> | undefined {
    const { id } = node
    const onRecord = () => this.#hooks.onRecord(id)
    switch (node.kind) {
      case 'source':
        return this.#flow.from(id, sourceOf(node, this.#ends), optionsOf(node))
      case 'map':
        return chained(
          node,
          this.#united(node).map((row) => {
            onRecord()
            return mapped(row, id, node)
          }, namedOptionsOf(node)),
        )
      case 'filter':
        return chained(
          node,
          this.#united(node).filter((row) => {
            onRecord()
            return isKept(row, node)
          }, namedOptionsOf(node)),
        )
      case 'flat-map':
        return chained(node, this.#united(node).flatMap(expanding(node, onRecord), namedOptionsOf(node)))
      case 'numbered':
        return this.#numbered(node)
      case 'distinct': {
        const process = sifting(onRecord)
        const keyed = this.#united(node).keyBy((row) => row.id)
        return node.yields
          ? keyed.process(id, yielding(process), optionsOf(node))
          : keyed.process(id, process, optionsOf(node))
      }
      case 'delayed': {
        const process = delaying(node.delayMs, onRecord)
        const keyed = this.#keyed(this.#united(node), id, node.form)
        return node.yields
          ? keyed.process(id, yielding(process), optionsOf(node))
          : keyed.process(id, process, optionsOf(node))
      }
      case 'level':
        return this.#levelled(node)
      case 'scaled':
        return this.#united(node).map(
          (row) => {
            onRecord()
            return level(
              node.keys === undefined ? row.key : row.key % node.keys,
              row.value * node.times + node.plus,
            )
          },
          { id, ...optionsOf(node) },
        )
      case 'join':
        assert(false, 'streams have no operators of several ports', { id })
        return undefined
      case 'append':
      case 'upsert':
        this.#united(node).to(id, sinkOf(node, this.#ends), optionsOf(node))
        return undefined
      default:
        return assertNever(node)
    }
  }

  /** Counts the rows of a key in one of four ways, which all give 1, 2, 3 … */
  #numbered(node: NodeOf<'numbered'>): Stream<Row> {
    const { id, form } = node
    const united = this.#united(node)
    const options = optionsOf(node)
    const onRecord = () => this.#hooks.onRecord(id)
    const ones = () => united.map(({ key }) => ({ id, key, value: 1 }), { id: `${id}.ones` })
    const named = { id: `${id}.row`, ...options }
    const row = ({ key, value }: Row) => risen(id, key, value)
    switch (node.as) {
      case 'count':
        return this.#keyed(united, id, form)
          .count(id, options)
          .map(({ key, count }) => risen(id, keyFrom(key, form), count), named)
      case 'sum':
        return this.#keyed(ones(), id, form).sum(id, 'value', options).map(row, named)
      case 'reduce': {
        const add = (held: Row, { value }: Row): Row => {
          onRecord()
          return { ...held, value: held.value + value }
        }
        return this.#keyed(ones(), id, form).reduce(id, add, options).map(row, named)
      }
      case 'process':
        return this.#keyed(united, id, form).process(id, numbering(id, onRecord), options)
    }
  }

  #levelled(node: NodeOf<'level'>): Stream<Row> {
    const { id, of, as, form, combine } = node
    const keyed = this.#keyed(this.#united(node), id, form)
    const options = { ...optionsOf(node), combine }
    const onRecord = () => this.#hooks.onRecord(id)
    switch (as) {
      case 'field':
        if (of === 'total') return keyed.sum(id, 'value', options)
        return of === 'highest' ? keyed.max(id, 'value', options) : keyed.min(id, 'value', options)
      case 'count':
        return keyed
          .count(id, options)
          .map(({ key, count }) => level(keyFrom(key, form), count), { id: `${id}.row`, ...optionsOf(node) })
      case 'reduce': {
        const further = (held: Row, { value }: Row): Row => {
          onRecord()
          return { ...held, value: combined(held.value, value, of) }
        }
        return keyed.reduce(id, further, options)
      }
      default:
        return keyed.process(id, levelling(node, onRecord), optionsOf(node))
    }
  }

  /** Key selectors are user code too; but one that does more than read a field is not seen through. */
  #keyed(stream: Stream<Row>, id: string, form: KeyForm): KeyedStream<Key, Row> {
    switch (form) {
      case 'field':
        return stream.keyBy((row) => row.key)
      case 'text':
        return stream.keyBy((row) => {
          this.#hooks.onRecord(id)
          return `k${row.key}`
        })
      case 'tuple':
        return stream.keyBy((row) => [row.key, row.key % 2 === 0])
    }
  }

  #united({ inputs }: Placed): Stream<Row> {
    const [first, ...more] = inputs.map((input) => this.#travelling(input))
    assert(first !== undefined, 'a node that is no source has an input')
    const [second, ...rest] = more
    return second === undefined ? first : first.union(second, ...rest)
  }

  #travelling({ from, by }: InputOf): Stream<Row> {
    const stream = this.#streams.get(from)
    assert(stream !== undefined, 'whoever feeds comes before whom it feeds', { from })
    switch (by) {
      case undefined:
        return stream
      case 'custom':
        return stream.partitionCustom((row, subtasks) => row.key % subtasks)
      default:
        return stream[by]()
    }
  }
}

function expanding({ id, most, isGenerator }: NodeOf<'flat-map'>, onRecord: () => void) {
  const expand = (row: Row) => {
    onRecord()
    return copies(row, id, most)
  }
  if (!isGenerator) return expand
  return function* (row: Row) {
    yield* expand(row)
  }
}

function keyFrom(key: Key, form: KeyForm): number {
  switch (form) {
    case 'field':
      return Number(key)
    case 'text':
      return Number(String(key).slice(1))
    case 'tuple':
      return Number((key as readonly unknown[])[0])
  }
}

function optionsOf({ parallelism, chaining }: Placed) {
  return { ...(parallelism !== undefined && { parallelism }), ...(chaining !== undefined && { chaining }) }
}

/** Chaining is left to `chained`. */
function namedOptionsOf({ id, parallelism }: Placed) {
  return { id, ...(parallelism !== undefined && { parallelism }) }
}

function chained({ chaining }: Placed, stream: Stream<Row>): Stream<Row> {
  if (chaining === undefined) return stream
  return chaining === 'never' ? stream.disableChaining() : stream.startNewChain()
}
