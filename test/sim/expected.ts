import { assert, assertNever } from '#src/kit/assert.js'
import { combined, copies, isKept, mapped, type Row, risen } from './row.js'
import type { Guarantee, InputOf, Placed, Shape, ShapeNode } from './shape.js'
import type { ShapeInput } from './shape-input.js'

/** What the tables of a job hold in the end, by table. */
export type Expected = ReadonlyMap<string, ExpectedTable>

export type ExpectedTable = {
  readonly guarantee: Guarantee
  /** Checkpoints that are at-least-once may count records twice: totals are then that at least, and rows come besides. */
  readonly isExact: boolean
} & (
  | {
      readonly mode: 'append' /** By `printedRow`, how many of them. */
      readonly rows: ReadonlyMap<string, number>
    }
  | {
      readonly mode: 'upsert'
      readonly rises: boolean /** By key. */
      readonly values: ReadonlyMap<number, number>
    }
)

/** What becomes of a stream in the end, whatever the order was. */
type Content = {
  /** Had records counted that may be counted twice. */
  readonly isInflated: boolean
} & (
  | { readonly form: 'rows'; readonly rows: readonly Row[] }
  | { readonly form: 'levels'; readonly rises: boolean; readonly values: ReadonlyMap<number, number> }
)

export function printedRow({ id, key, value }: { readonly [Field in keyof Row]: unknown }): string {
  return `id=${String(id)} key=${String(key)} value=${String(value)}`
}

/** One node after the other, each over all that it will ever have: nothing is parallel, and nothing comes in parts. */
export function expectedOf(shape: Shape, input: ShapeInput): Expected {
  const evaluation = new Evaluation(shape, input)
  for (const node of shape.nodes) evaluation.add(node)
  return evaluation.tables
}

class Evaluation {
  readonly tables = new Map<string, ExpectedTable>()
  readonly #contents = new Map<string, Content>()
  readonly #input: ShapeInput
  readonly #mayRepeat: boolean

  constructor({ options }: Shape, input: ShapeInput) {
    this.#input = input
    this.#mayRepeat = options.checkpoint?.mode === 'at-least-once'
  }

  add(node: ShapeNode): void {
    const { id } = node
    switch (node.kind) {
      case 'source':
        return this.#set(id, { form: 'rows', isInflated: false, rows: this.#rowsOf(node.topic) })
      case 'map':
        return this.#eachRow(node, (row) => [mapped(row, id, node)])
      case 'filter':
        return this.#eachRow(node, (row) => (isKept(row, node) ? [row] : []))
      case 'flat-map':
        return this.#eachRow(node, (row) => copies(row, id, node.most))
      case 'delayed':
        return this.#eachRow(node, (row) => [row])
      case 'numbered':
        return this.#set(id, this.#numbered(node))
      case 'distinct': {
        const byId = new Map(this.#received(node).map((row) => [row.id, row]))
        return this.#set(id, { form: 'rows', isInflated: this.#isInflated(node), rows: [...byId.values()] })
      }
      case 'level': {
        const received = this.#received(node)
        const isInflated = this.#isInflated(node) || (node.of === 'total' && this.#mayRepeat)
        const values = new Map<number, number>()
        for (const { key, value } of received)
          values.set(key, combined(values.get(key) ?? null, node.as === 'count' ? 1 : value, node.of))
        return this.#set(id, { form: 'levels', isInflated, rises: node.of !== 'lowest', values })
      }
      case 'scaled': {
        const values = new Map<number, number>()
        const rises = this.#levels(node).rises
        for (const row of this.#received(node)) {
          const key = node.keys === undefined ? row.key : row.key % node.keys
          const value = row.value * node.times + node.plus
          values.set(key, combined(values.get(key) ?? null, value, rises ? 'highest' : 'lowest'))
        }
        return this.#set(id, { form: 'levels', isInflated: this.#isInflated(node), rises, values })
      }
      case 'join': {
        this.#set(`${id}.numbered`, this.#numbered(node))
        const values = new Map<number, number>()
        for (const { key, value } of this.#received(node)) values.set(key, (values.get(key) ?? 0) + value)
        const isInflated = this.#isInflated(node) || this.#mayRepeat
        return this.#set(`${id}.total`, { form: 'levels', isInflated, rises: true, values })
      }
      case 'append': {
        const rows = new Map<string, number>()
        for (const row of this.#received(node)) {
          const printed = printedRow(row)
          rows.set(printed, (rows.get(printed) ?? 0) + 1)
        }
        const { table, guarantee } = node
        this.tables.set(table, { mode: 'append', guarantee, isExact: !this.#isInflated(node), rows })
        return
      }
      case 'upsert': {
        const { table, guarantee } = node
        const { rises, values } = this.#levels(node)
        this.tables.set(table, { mode: 'upsert', guarantee, isExact: !this.#isInflated(node), rises, values })
        return
      }
      default:
        assertNever(node)
    }
  }

  #set(id: string, content: Content): void {
    this.#contents.set(id, content)
  }

  #rowsOf(topic: string): Row[] {
    const found = this.#input.topics.find((each) => each.topic === topic)
    assert(found !== undefined, 'a topic that is read has an input', { topic })
    return found.partitions.flatMap(({ records }) => records.map(({ value }) => value))
  }

  #eachRow(node: Placed, rowsOf: (row: Row) => readonly Row[]): void {
    const rows = this.#received(node).flatMap(rowsOf)
    this.#set(node.id, { form: 'rows', isInflated: this.#isInflated(node), rows })
  }

  /** 1, 2, 3 … for each key. */
  #numbered(node: Placed): Content {
    const counts = new Map<number, number>()
    const rows = this.#received(node).map(({ key }) => {
      const n = (counts.get(key) ?? 0) + 1
      counts.set(key, n)
      return risen(node.id, key, n)
    })
    return { form: 'rows', isInflated: this.#isInflated(node) || this.#mayRepeat, rows }
  }

  /** All rows that `node` gets, over all its inputs; of levels the last ones. */
  #received({ inputs, parallelism }: Placed): readonly Row[] {
    return inputs.flatMap((input) => {
      const content = this.#contentOf(input)
      if (content.form === 'levels')
        return [...content.values].map(([key, value]) => ({ id: '', key, value }))
      if (input.by !== 'broadcast') return content.rows
      assert(parallelism !== undefined, 'who gets copies of rows has a parallelism of its own')
      return Array.from({ length: parallelism }, () => content.rows).flat()
    })
  }

  #levels({ id, inputs }: Placed): Extract<Content, { form: 'levels' }> {
    const [input] = inputs
    assert(input !== undefined && inputs.length === 1, 'levels have one way', { id })
    const content = this.#contentOf(input)
    assert(content.form === 'levels', 'a node of levels follows levels', { id })
    return content
  }

  #contentOf({ from }: InputOf): Content {
    const content = this.#contents.get(from)
    assert(content !== undefined, 'whoever feeds comes before whom it feeds', { from })
    return content
  }

  #isInflated({ inputs }: Placed): boolean {
    return inputs.some((input) => this.#contentOf(input).isInflated)
  }
}
