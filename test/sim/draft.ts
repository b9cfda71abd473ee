import type { Dice } from './dice.js'
import type { Guarantee, InputOf, KeyForm, Placed, Shape, ShapeNode, Travel, Work } from './shape.js'

/** A stream that nothing is connected to yet. */
export interface Open {
  readonly from: string
  /** Rows, or levels that rise or fall. */
  readonly form: 'rows' | 'rising' | 'falling'
  /** Comes from a source that never ends: timers that wait are not dropped. */
  readonly isEndless: boolean
  /** How many rows may become of one row of a topic. */
  readonly fans: number
}

/** Tables of a shape. */
export const SINKS = 3
/** Rows that may become of one row of a topic. */
export const FANS = 6

/** The nodes of a shape that is being drawn, and what is drawn alike for all of them. */
export class Draft {
  readonly dice: Dice
  readonly isFlow: boolean
  readonly nodes: ShapeNode[] = []
  readonly #mode: Guarantee
  #tables = 0

  constructor(dice: Dice, layer: Shape['layer'], mode: Guarantee) {
    this.dice = dice
    this.isFlow = layer === 'flow'
    this.#mode = mode
  }

  get tables(): number {
    return this.#tables
  }

  /** @param isFree whether parallelism may be drawn where none is given */
  add(
    prefix: string,
    inputs: readonly InputOf[],
    work: Work,
    placed: Pick<Placed, 'parallelism' | 'isFixed'> = {},
    isFree = true,
  ): string {
    const id = `${prefix}${this.nodes.length}`
    const own = isFree && this.dice.chance(0.12) ? { parallelism: this.dice.between(1, 4) } : {}
    const chaining = this.dice.chance(0.08) ? { chaining: this.dice.pick(['never', 'head']) } : {}
    this.nodes.push({ id, inputs, ...own, ...placed, ...chaining, ...work })
    return id
  }

  input(from: string): InputOf {
    const by = this.isFlow ? this.travel() : undefined
    return { from, ...(by !== undefined && { by }) }
  }

  travel(): Travel | undefined {
    if (this.dice.chance(0.7)) return undefined
    return this.dice.pick(
      this.isFlow ? ['rebalance', 'rescale', 'global', 'custom'] : ['rebalance', 'rescale', 'global'],
    )
  }

  form(): KeyForm {
    return this.dice.pick(['field', 'field', 'text', 'tuple'])
  }

  delayMs(): number {
    return this.dice.scaled(1, 4_000)
  }

  fixedParallelism({ fans }: Open): number {
    return this.dice.between(1, Math.max(1, Math.min(4, Math.floor(FANS / fans))))
  }

  table(): { readonly table: string; readonly guarantee: Guarantee } {
    const isExact = this.#mode === 'exactly-once' && this.dice.chance(0.7)
    return { table: `table_${this.#tables++}`, guarantee: isExact ? 'exactly-once' : 'at-least-once' }
  }
}
