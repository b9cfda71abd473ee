import type { Dice } from './dice.js'
import type { Draft, Open } from './draft.js'
import type { InputOf, Topic } from './shape.js'

/** Draws nodes that make rows of rows. */
export class RowSketch {
  readonly #draft: Draft
  readonly #dice: Dice

  constructor(draft: Draft) {
    this.#draft = draft
    this.#dice = draft.dice
  }

  source({ name, isBounded, latePartitions }: Topic): Open {
    const dice = this.#dice
    const discover = latePartitions > 0 ? dice.pick([300, '1s', '2500ms']) : dice.pick([false, undefined])
    const from = this.#draft.add('source', [], {
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

  /** A few functions, fused as often as not. */
  chained(stream: Open): Open {
    let last = this.mapped([stream])
    for (let more = this.#dice.between(0, 2); more > 0; more--) {
      last = this.#dice.pick([
        () => this.mapped([last]),
        () => this.#filtered(last),
        () => this.#copied(last),
      ])()
    }
    return last
  }

  mapped(streams: readonly Open[]): Open {
    const keys = this.#dice.chance(0.3) ? { keys: this.#dice.scaled(1, 20) } : {}
    const mapping = { times: this.#dice.between(1, 9), plus: this.#dice.between(0, 9), ...keys }
    const inputs = streams.map(({ from }) => this.#draft.input(from))
    return this.#rows(this.#draft.add('map', inputs, { kind: 'map', ...mapping }), streams)
  }

  numbered(...streams: readonly Open[]): Open {
    const as = this.#draft.isFlow
      ? this.#dice.pick(['count', 'count', 'sum', 'reduce', 'process'])
      : 'process'
    const work = { kind: 'numbered', as, form: this.#draft.form() } as const
    const inputs = streams.map(({ from }) => ({ from }))
    return this.#rows(this.#draft.add('numbered', inputs, work), streams)
  }

  distinct(...streams: readonly Open[]): Open {
    const work = { kind: 'distinct', yields: this.#dice.chance(0.5) } as const
    const inputs = streams.map(({ from }) => ({ from }))
    return this.#rows(this.#draft.add('distinct', inputs, work), streams)
  }

  delayed(stream: Open): Open {
    const [delayMs, yields] = [this.#draft.delayMs(), this.#dice.chance(0.5)]
    const work = { kind: 'delayed', delayMs, form: this.#draft.form(), yields } as const
    return this.#rows(this.#draft.add('delayed', [{ from: stream.from }], work), [stream])
  }

  /** Two ways from one stream, which meet again. One of them may be no way at all, or both. */
  diamond(stream: Open): Open {
    const ways = this.#dice.pick([
      () => [this.mapped([stream]), this.#filtered(stream)],
      () => [this.numbered(stream), this.mapped([stream])],
      () => [stream, this.mapped([stream])],
      () => [stream, stream],
    ])()
    return this.mapped(ways)
  }

  /** Every row to every subtask of a map, whose parallelism is therefore settled. */
  broadcast(stream: Open): Open {
    const parallelism = this.#draft.fixedParallelism(stream)
    const inputs: InputOf[] = [{ from: stream.from, by: 'broadcast' }]
    const work = { kind: 'map', times: 1, plus: this.#dice.between(0, 3) } as const
    return this.#rows(
      this.#draft.add('map', inputs, work, { parallelism, isFixed: true }),
      [stream],
      parallelism,
    )
  }

  /** An operator of two ports on either side. */
  joined(left: Open, right: Open): Open[] {
    const isEndless = left.isEndless || right.isEndless
    const inputs: InputOf[] = [
      { from: left.from, port: 'left' },
      { from: right.from, port: 'right' },
    ]
    const delay = isEndless && this.#dice.chance(0.5) ? { delayMs: this.#draft.delayMs() } : {}
    const from = this.#draft.add('join', inputs, { kind: 'join', ...delay })
    const fans = left.fans + right.fans
    return [
      { from: `${from}.numbered`, form: 'rows', isEndless, fans },
      { from: `${from}.total`, form: 'rising', isEndless, fans },
    ]
  }

  #filtered(stream: Open): Open {
    const modulo = this.#dice.between(2, 5)
    const sieve = { modulo, dropped: this.#dice.between(0, modulo - 1) }
    return this.#rows(
      this.#draft.add('filter', [this.#draft.input(stream.from)], { kind: 'filter', ...sieve }),
      [stream],
    )
  }

  #copied(stream: Open): Open {
    const most = this.#dice.between(1, 3)
    const work = { kind: 'flat-map', most, isGenerator: this.#dice.chance(0.5) } as const
    const from = this.#draft.add('flat-map', [this.#draft.input(stream.from)], work)
    return this.#rows(from, [stream], most / 2)
  }

  #rows(from: string, of: readonly Open[], times = 1): Open {
    const fans = of.reduce((sum, each) => sum + each.fans, 0) * times
    return { from, form: 'rows', isEndless: of.some(({ isEndless }) => isEndless), fans }
  }
}
