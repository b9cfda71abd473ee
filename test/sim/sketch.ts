import { assert } from '#src/kit/assert.js'
import type { Dice } from './dice.js'
import type {
  Guarantee,
  InputOf,
  KeyForm,
  LevelWork,
  Placed,
  Shape,
  ShapeNode,
  Topic,
  Travel,
  Work,
} from './shape.js'

/** A stream that nothing is connected to yet. */
interface Open {
  readonly from: string
  /** Rows, or levels that rise or fall. */
  readonly form: 'rows' | 'rising' | 'falling'
  /** Comes from a source that never ends: timers that wait are not dropped. */
  readonly isEndless: boolean
  /** How many rows may become of one row of a topic. */
  readonly fans: number
}

const STEPS = 4
const SINKS = 3
const FANS = 6

/** Draws the nodes of a shape: from its topics on, one construct after the other, to sinks. */
export class Sketch {
  readonly #dice: Dice
  readonly #isFlow: boolean
  readonly #mode: Guarantee
  readonly #nodes: ShapeNode[] = []
  #tables = 0

  constructor(dice: Dice, layer: Shape['layer'], mode: Guarantee) {
    this.#dice = dice
    this.#isFlow = layer === 'flow'
    this.#mode = mode
  }

  draw(topics: readonly Topic[]): readonly ShapeNode[] {
    let open = topics.map((topic) => this.#source(topic))
    for (let left = this.#dice.between(0, STEPS); left > 0; left--) {
      const [taken, rest] = this.#taken(open)
      open = [...rest, ...this.#step(taken, rest)]
      if (open.length > 1 && this.#dice.chance(0.5)) open = this.#united(open)
    }
    while (open.length > SINKS) open = this.#united(open)
    // The explicit layer is there for operators of several ports.
    if (!this.#isFlow && this.#dice.chance(0.6)) open = this.#joined(open)
    for (const [index, stream] of open.entries()) this.#end(stream, open.length - 1 - index)
    return this.#nodes
  }

  #source({ name, isBounded, latePartitions }: Topic): Open {
    const dice = this.#dice
    const discover = latePartitions > 0 ? dice.pick([300, '1s', '2500ms']) : dice.pick([false, undefined])
    const from = this.#add('source', [], {
      kind: 'source',
      topic: name,
      isBounded,
      discover,
      group: dice.chance(0.3) ? `group-${name}` : undefined,
      isolation: dice.chance(0.3) ? dice.pick(['read-committed', 'read-uncommitted']) : undefined,
      fetch: dice.chance(0.4)
        ? { maxWaitMs: dice.scaled(20, 500), maxPartitionBytes: dice.scaled(500, 100_000) }
        : undefined,
    })
    return { from, form: 'rows', isEndless: !isBounded, fans: 1 }
  }

  /** One of the open streams, and the others. */
  #taken(open: readonly Open[]): [Open, Open[]] {
    const index = this.#dice.index(open)
    const taken = open[index]
    assert(taken !== undefined, 'a stream is open')
    return [taken, open.filter((_, i) => i !== index)]
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
        return [this.#chained(stream)]
      case 'number':
        return [this.#numbered(stream)]
      case 'distinct':
        return [this.#distinct(stream)]
      case 'delay':
        return [stream.isEndless ? this.#delayed(stream) : this.#distinct(stream)]
      case 'diamond':
        return [stream.fans * 2 <= FANS ? this.#diamond(stream) : this.#distinct(stream)]
      case 'split':
        return others.length + 2 <= SINKS ? [stream, this.#chained(stream)] : [this.#chained(stream)]
      case 'broadcast':
        return [this.#isFlow ? this.#broadcast(stream) : this.#numbered(stream)]
    }
  }

  /** A few functions, fused as often as not. */
  #chained(stream: Open): Open {
    let last = this.#mapped([stream])
    for (let more = this.#dice.between(0, 2); more > 0; more--) {
      last = this.#dice.pick([
        () => this.#mapped([last]),
        () => this.#filtered(last),
        () => this.#copied(last),
      ])()
    }
    return last
  }

  #mapped(streams: readonly Open[]): Open {
    const keys = this.#dice.chance(0.3) ? { keys: this.#dice.scaled(1, 20) } : {}
    const mapping = { times: this.#dice.between(1, 9), plus: this.#dice.between(0, 9), ...keys }
    const inputs = streams.map(({ from }) => this.#input(from))
    return this.#rows(this.#add('map', inputs, { kind: 'map', ...mapping }), streams)
  }

  #filtered(stream: Open): Open {
    const modulo = this.#dice.between(2, 5)
    const sieve = { modulo, dropped: this.#dice.between(0, modulo - 1) }
    return this.#rows(this.#add('filter', [this.#input(stream.from)], { kind: 'filter', ...sieve }), [stream])
  }

  #copied(stream: Open): Open {
    const most = this.#dice.between(1, 3)
    const work = { kind: 'flat-map', most, isGenerator: this.#dice.chance(0.5) } as const
    const from = this.#add('flat-map', [this.#input(stream.from)], work)
    return this.#rows(from, [stream], most / 2)
  }

  #numbered(...streams: readonly Open[]): Open {
    const as = this.#isFlow ? this.#dice.pick(['count', 'count', 'sum', 'reduce', 'process']) : 'process'
    const work = { kind: 'numbered', as, form: this.#form() } as const
    const inputs = streams.map(({ from }) => ({ from }))
    return this.#rows(this.#add('numbered', inputs, work), streams)
  }

  #distinct(...streams: readonly Open[]): Open {
    const work = { kind: 'distinct', yields: this.#dice.chance(0.5) } as const
    const inputs = streams.map(({ from }) => ({ from }))
    return this.#rows(this.#add('distinct', inputs, work), streams)
  }

  #delayed(stream: Open): Open {
    const [delayMs, yields] = [this.#delayMs(), this.#dice.chance(0.5)]
    const work = { kind: 'delayed', delayMs, form: this.#form(), yields } as const
    return this.#rows(this.#add('delayed', [{ from: stream.from }], work), [stream])
  }

  /** Two ways from one stream, which meet again. One of them may be no way at all, or both. */
  #diamond(stream: Open): Open {
    const ways = this.#dice.pick([
      () => [this.#mapped([stream]), this.#filtered(stream)],
      () => [this.#numbered(stream), this.#mapped([stream])],
      () => [stream, this.#mapped([stream])],
      () => [stream, stream],
    ])()
    return this.#mapped(ways)
  }

  /** Every row to every subtask of a map, whose parallelism is therefore settled. */
  #broadcast(stream: Open): Open {
    const parallelism = this.#fixedParallelism(stream)
    const inputs: InputOf[] = [{ from: stream.from, by: 'broadcast' }]
    const work = { kind: 'map', times: 1, plus: this.#dice.between(0, 3) } as const
    return this.#rows(this.#add('map', inputs, work, { parallelism, isFixed: true }), [stream], parallelism)
  }

  #united(open: readonly Open[]): Open[] {
    const [one, rest] = this.#taken(open)
    const [other, others] = this.#taken(rest)
    const union = this.#dice.pick([
      () => this.#mapped([one, other]),
      () => this.#numbered(one, other),
      () => this.#distinct(one, other),
    ])
    return [...others, union()]
  }

  /** An operator of two ports on either side. One stream alone comes in at both. */
  #joined(open: readonly Open[]): Open[] {
    const [left, others] = this.#taken(open)
    const [right, rest] = others.length === 0 ? [left, others] : this.#taken(others)
    const isEndless = left.isEndless || right.isEndless
    const inputs: InputOf[] = [
      { from: left.from, port: 'left' },
      { from: right.from, port: 'right' },
    ]
    const delay = isEndless && this.#dice.chance(0.5) ? { delayMs: this.#delayMs() } : {}
    const from = this.#add('join', inputs, { kind: 'join', ...delay })
    const fans = left.fans + right.fans
    const outs: Open[] = [
      { from: `${from}.numbered`, form: 'rows', isEndless, fans },
      { from: `${from}.total`, form: 'rising', isEndless, fans },
    ]
    return [...rest, ...outs]
  }

  /** Leads a stream to one sink, or to more if there is room for the `others` that still have none. */
  #end(stream: Open, others: number): void {
    if (stream.form !== 'rows') return this.#upsert(stream, others)
    const ways = this.#dice.pick(['append', 'number', 'level', 'level', 'both'])
    const hasRoom = this.#tables + others + 2 <= SINKS
    if (ways === 'append') this.#append(stream)
    else if (ways === 'number') this.#append(this.#numbered(stream))
    else this.#upsert(this.#level(stream), others + (hasRoom ? 1 : 0))
    if (ways === 'both' && hasRoom) this.#append(stream)
  }

  #append(stream: Open): void {
    const isCopied = stream.fans * 2 <= FANS && this.#dice.chance(0.15)
    const by = isCopied ? 'broadcast' : this.#travel()
    const fixed = isCopied ? { parallelism: this.#fixedParallelism(stream), isFixed: true } : {}
    const inputs: InputOf[] = [{ from: stream.from, ...(by !== undefined && { by }) }]
    this.#add('append', inputs, { kind: 'append', ...this.#table() }, fixed)
  }

  #level(stream: Open): Open {
    const of = this.#dice.pick(['total', 'total', 'highest', 'lowest'])
    return this.#levelled(stream, of)
  }

  #levelled(stream: Open, of: LevelWork['of']): Open {
    const plain = this.#isFlow ? (['field', 'field', 'reduce', 'process'] as const) : (['process'] as const)
    const as = this.#dice.pick(stream.isEndless ? [...plain, 'timer', 'quiet'] : plain)
    const delayMs = as === 'timer' || as === 'quiet' ? this.#delayMs() : 0
    const work: LevelWork = { kind: 'level', of, as, form: this.#form(), delayMs }
    const from = this.#add('level', [{ from: stream.from }], work)
    return { ...stream, from, form: of === 'lowest' ? 'falling' : 'rising' }
  }

  /** Another shuffle, or two, or a map that keeps the order; then the table, or two. */
  #upsert(stream: Open, others: number): void {
    let last = stream
    for (let more = this.#dice.pick([0, 0, 1, 1, 2]); more > 0; more--) {
      last = this.#dice.chance(0.4) ? this.#scaled(last) : this.#regrouped(last)
    }
    this.#add('upsert', [{ from: last.from }], { kind: 'upsert', ...this.#table() })
    if (this.#tables + others < SINKS && this.#dice.chance(0.2)) {
      this.#add('upsert', [{ from: last.from }], { kind: 'upsert', ...this.#table() })
    }
  }

  /** Goes the way of whom it follows: at the same parallelism, without a shuffle, so that no level overtakes another. */
  #scaled(stream: Open): Open {
    const [before] = stream.from.split('.')
    const parallelism = this.#nodes.find(({ id }) => id === before)?.parallelism
    const scale = { times: this.#dice.between(1, 4), plus: this.#dice.between(0, 9) }
    const from = this.#add(
      'scaled',
      [{ from: stream.from }],
      { kind: 'scaled', ...scale },
      { ...(parallelism !== undefined && { parallelism }) },
      false,
    )
    return { ...stream, from }
  }

  /** Folds the keys, on any way, repeats and all: the highest (lowest) of a group finds the last one again. */
  #regrouped(stream: Open): Open {
    const scale = { times: 1, plus: this.#dice.between(0, 3), keys: this.#dice.scaled(1, 10) }
    const by = this.#isFlow && this.#dice.chance(0.2) ? 'broadcast' : this.#travel()
    const input: InputOf = { from: stream.from, ...(by !== undefined && this.#isFlow && { by }) }
    const from = this.#add('scaled', [input], { kind: 'scaled', ...scale })
    return this.#levelled({ ...stream, from }, stream.form === 'falling' ? 'lowest' : 'highest')
  }

  #rows(from: string, of: readonly Open[], times = 1): Open {
    const fans = of.reduce((sum, each) => sum + each.fans, 0) * times
    return { from, form: 'rows', isEndless: of.some(({ isEndless }) => isEndless), fans }
  }

  #input(from: string): InputOf {
    const by = this.#isFlow ? this.#travel() : undefined
    return { from, ...(by !== undefined && { by }) }
  }

  #travel(): Travel | undefined {
    if (this.#dice.chance(0.7)) return undefined
    return this.#dice.pick(
      this.#isFlow ? ['rebalance', 'rescale', 'global', 'custom'] : ['rebalance', 'rescale', 'global'],
    )
  }

  #form(): KeyForm {
    return this.#dice.pick(['field', 'field', 'text', 'tuple'])
  }

  #delayMs(): number {
    return this.#dice.scaled(1, 4_000)
  }

  #fixedParallelism({ fans }: Open): number {
    return this.#dice.between(1, Math.max(1, Math.min(4, Math.floor(FANS / fans))))
  }

  #table(): { readonly table: string; readonly guarantee: Guarantee } {
    const isExact = this.#mode === 'exactly-once' && this.#dice.chance(0.7)
    return { table: `table_${this.#tables++}`, guarantee: isExact ? 'exactly-once' : 'at-least-once' }
  }

  /** @param isFree whether parallelism may be drawn where none is given */
  #add(
    prefix: string,
    inputs: readonly InputOf[],
    work: Work,
    placed: Pick<Placed, 'parallelism' | 'isFixed'> = {},
    isFree = true,
  ): string {
    const id = `${prefix}${this.#nodes.length}`
    const own = isFree && this.#dice.chance(0.12) ? { parallelism: this.#dice.between(1, 4) } : {}
    const chaining = this.#dice.chance(0.08) ? { chaining: this.#dice.pick(['never', 'head']) } : {}
    this.#nodes.push({ id, inputs, ...own, ...placed, ...chaining, ...work })
    return id
  }
}
