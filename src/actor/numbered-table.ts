/** What has a number of its own. */
export interface Numbered {
  readonly number: number
}

/**
 * What is under way, by number. Numbers are given here; they rise, and none is given twice.
 *
 * A `Map` would do, but for the collector. A map that is filled and emptied all the time throws its empty places out by
 * moving into a new table, and the table it leaves goes on pointing to that one: as soon as one of them has grown old,
 * all that follow, and all that was ever in them, live until the next full collection.
 */
export class NumberedTable<T extends Numbered> {
  /** Each at its number modulo the length, a power of two. */
  #places: (T | undefined)[] = new Array(64).fill(undefined)
  #size = 0
  #last = 0

  get size(): number {
    return this.#size
  }

  /** A number for what is added next. Those whose place is taken are passed over. */
  nextNumber(): number {
    if (this.#size * 2 >= this.#places.length) this.#grow()
    do this.#last++
    while (this.#places[this.#placeOf(this.#last)] !== undefined)
    return this.#last
  }

  /** @param element with the latest number given */
  add(element: T): void {
    this.#places[this.#placeOf(element.number)] = element
    this.#size++
  }

  get(number: number): T | undefined {
    const element = this.#places[this.#placeOf(number)]
    return element?.number === number ? element : undefined
  }

  delete(number: number): void {
    if (this.get(number) === undefined) return
    this.#places[this.#placeOf(number)] = undefined
    this.#size--
  }

  /** As they are now, in the order of their numbers. */
  all(): T[] {
    if (this.#size === 0) return []
    return this.#places.filter((place) => place !== undefined).sort((a, b) => a.number - b.number)
  }

  #placeOf(number: number): number {
    return number & (this.#places.length - 1)
  }

  /** No two meet: numbers that differ modulo the old length differ modulo twice that. */
  #grow(): void {
    const elements = this.all()
    this.#places = new Array(this.#places.length * 2).fill(undefined)
    for (const element of elements) this.#places[this.#placeOf(element.number)] = element
  }
}
