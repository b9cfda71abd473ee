import { assert } from '#src/kit/assert.js'
import type { Dice } from './dice.js'
import { Draft, FANS, type Open, SINKS } from './draft.js'
import { LevelSketch } from './level-sketch.js'
import { RowSketch } from './row-sketch.js'
import type { Guarantee, InputOf, Shape, ShapeNode, Topic } from './shape.js'

const STEPS = 4

/** Draws the nodes of a shape: from its topics on, one construct after the other, to sinks. */
export class Sketch {
  readonly #draft: Draft
  readonly #dice: Dice
  readonly #rows: RowSketch
  readonly #levels: LevelSketch

  constructor(dice: Dice, layer: Shape['layer'], mode: Guarantee) {
    this.#draft = new Draft(dice, layer, mode)
    this.#dice = dice
    this.#rows = new RowSketch(this.#draft)
    this.#levels = new LevelSketch(this.#draft)
  }

  draw(topics: readonly Topic[]): readonly ShapeNode[] {
    let open = topics.map((topic) => this.#rows.source(topic))
    for (let left = this.#dice.between(0, STEPS); left > 0; left--) {
      const [taken, rest] = this.#taken(open)
      open = [...rest, ...this.#step(taken, rest)]
      if (open.length > 1 && this.#dice.chance(0.5)) open = this.#united(open)
    }
    while (open.length > SINKS) open = this.#united(open)
    if (open.length > 1 && this.#dice.chance(0.2)) open = this.#appendedTogether(open)
    // The explicit layer is there for operators of several ports.
    if (!this.#draft.isFlow && open.length > 0 && this.#dice.chance(0.6)) open = this.#joined(open)
    for (const [index, stream] of open.entries()) this.#end(stream, open.length - 1 - index)
    return this.#draft.nodes
  }

  /** The streams of rows that become of one, while `others` wait. */
  #step(stream: Open, others: readonly Open[]): Open[] {
    switch (
      this.#dice.pick([
        'chain',
        'chain',
        'number',
        'number',
        'distinct',
        'delay',
        'diamond',
        'split',
        'broadcast',
      ])
    ) {
      case 'chain':
        return [this.#rows.chained(stream)]
      case 'number':
        return [this.#rows.numbered(stream)]
      case 'distinct':
        return [this.#rows.distinct(stream)]
      case 'delay':
        return [stream.isEndless ? this.#rows.delayed(stream) : this.#rows.distinct(stream)]
      case 'diamond':
        return [stream.fans * 2 <= FANS ? this.#rows.diamond(stream) : this.#rows.distinct(stream)]
      case 'split':
        return others.length + 2 <= SINKS
          ? [stream, this.#rows.chained(stream)]
          : [this.#rows.chained(stream)]
      case 'broadcast':
        return [this.#draft.isFlow ? this.#rows.broadcast(stream) : this.#rows.numbered(stream)]
    }
  }

  #united(open: readonly Open[]): Open[] {
    const [one, rest] = this.#taken(open)
    const [other, others] = this.#taken(rest)
    const union = this.#dice.pick([
      () => this.#rows.mapped([one, other]),
      () => this.#rows.numbered(one, other),
      () => this.#rows.distinct(one, other),
    ])
    return [...others, union()]
  }

  /** One stream alone comes in at both ports. */
  #joined(open: readonly Open[]): Open[] {
    const [left, others] = this.#taken(open)
    const [right, rest] = others.length === 0 ? [left, others] : this.#taken(others)
    return [...rest, ...this.#rows.joined(left, right)]
  }

  #appendedTogether(open: readonly Open[]): Open[] {
    const [one, rest] = this.#taken(open)
    const [other, others] = this.#taken(rest)
    this.#append(one, other)
    return others
  }

  /** Leads a stream to one sink, or to more if there is room for the `others` that still have none. */
  #end(stream: Open, others: number): void {
    if (stream.form !== 'rows') return this.#levels.upsert(stream, others)
    const ways = this.#dice.pick(['append', 'number', 'level', 'level', 'both'])
    const hasRoom = this.#draft.tables + others + 2 <= SINKS
    if (ways === 'append') this.#append(stream)
    else if (ways === 'number') this.#append(this.#rows.numbered(stream))
    else this.#levels.upsert(this.#levels.level(stream), others + (hasRoom ? 1 : 0))
    if (ways === 'both' && hasRoom) this.#append(stream)
  }

  #append(stream: Open, ...more: readonly Open[]): void {
    const isCopied = stream.fans * 2 <= FANS && this.#dice.chance(0.15)
    const by = isCopied ? 'broadcast' : this.#draft.travel()
    const fixed = isCopied ? { parallelism: this.#draft.fixedParallelism(stream), isFixed: true } : {}
    const first: InputOf = { from: stream.from, ...(by !== undefined && { by }) }
    const inputs = [first, ...more.map(({ from }) => ({ from }))]
    this.#draft.add('append', inputs, { kind: 'append', ...this.#draft.table() }, fixed)
  }

  /** One of the open streams, and the others. */
  #taken(open: readonly Open[]): [Open, Open[]] {
    const index = this.#dice.index(open)
    const taken = open[index]
    assert(taken !== undefined, 'a stream is open')
    return [taken, open.filter((_, i) => i !== index)]
  }
}
