import type { Dice } from './dice.js'
import { type Draft, type Open, SINKS } from './draft.js'
import { combining, type InputOf, type LevelWork } from './shape.js'

/** Draws nodes that tell where keys stand, up to their tables. */
export class LevelSketch {
  readonly #draft: Draft
  readonly #dice: Dice

  constructor(draft: Draft) {
    this.#draft = draft
    this.#dice = draft.dice
  }

  level(stream: Open): Open {
    const of = this.#dice.pick(['total', 'total', 'highest', 'lowest'])
    return this.#levelled(stream, of)
  }

  /** Another shuffle, or two, or a map that keeps the order; then the table, or two. */
  upsert(stream: Open, others: number): void {
    let last = stream
    for (let more = this.#dice.pick([0, 0, 1, 1, 2]); more > 0; more--) {
      last = this.#dice.chance(0.4) ? this.#scaled(last) : this.#regrouped(last)
    }
    this.#draft.add('upsert', [{ from: last.from }], { kind: 'upsert', ...this.#draft.table() })
    if (this.#draft.tables + others < SINKS && this.#dice.chance(0.2)) {
      this.#draft.add('upsert', [{ from: last.from }], { kind: 'upsert', ...this.#draft.table() })
    }
  }

  #levelled(stream: Open, of: LevelWork['of']): Open {
    const plain = !this.#draft.isFlow
      ? (['process'] as const)
      : of === 'total'
        ? (['field', 'field', 'count', 'reduce', 'process'] as const)
        : (['field', 'field', 'reduce', 'process'] as const)
    const as = this.#dice.pick(stream.isEndless ? [...plain, 'timer', 'quiet'] : plain)
    const delayMs = as === 'timer' || as === 'quiet' ? this.#draft.delayMs() : 0
    const drawn: LevelWork = { kind: 'level', of, as, form: this.#draft.form(), delayMs }
    const work = this.#draft.isFlow && this.#dice.chance(0.5) ? combining(drawn, this.#dice) : drawn
    const from = this.#draft.add('level', [{ from: stream.from }], work)
    return { ...stream, from, form: of === 'lowest' ? 'falling' : 'rising' }
  }

  /** Goes the way of whom it follows: at the same parallelism, without a shuffle, so that no level overtakes another. */
  #scaled(stream: Open): Open {
    const [before] = stream.from.split('.')
    const parallelism = this.#draft.nodes.find(({ id }) => id === before)?.parallelism
    const scale = { times: this.#dice.between(1, 4), plus: this.#dice.between(0, 9) }
    const from = this.#draft.add(
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
    const by = this.#draft.isFlow && this.#dice.chance(0.2) ? 'broadcast' : this.#draft.travel()
    const input: InputOf = { from: stream.from, ...(by !== undefined && this.#draft.isFlow && { by }) }
    const from = this.#draft.add('scaled', [input], { kind: 'scaled', ...scale })
    return this.#levelled({ ...stream, from }, stream.form === 'falling' ? 'lowest' : 'highest')
  }
}
