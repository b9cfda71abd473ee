/** A first-in first-out queue in one array that grows by doubling: no allocation per element, no shifting. */
export class Ring<T> {
  #slots: (T | undefined)[] = new Array(16).fill(undefined)
  #mask = 15
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  push(element: T): void {
    if (this.#length > this.#mask) this.#grow()
    this.#slots[(this.#head + this.#length++) & this.#mask] = element
  }

  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const element = this.#slots[this.#head]
    this.#slots[this.#head] = undefined // so that what was taken is not kept alive
    this.#head = (this.#head + 1) & this.#mask
    this.#length--
    return element
  }

  /** Puts another in the place of the one that is `index` elements from the first; returns that one, if there is. */
  replace(index: number, element: T): T | undefined {
    if (index < 0 || index >= this.#length) return undefined
    const place = (this.#head + index) & this.#mask
    const replaced = this.#slots[place]
    this.#slots[place] = element
    return replaced
  }

  clear(): void {
    while (this.#length > 0) this.shift()
  }

  #grow(): void {
    const slots: (T | undefined)[] = new Array(this.#slots.length * 2).fill(undefined)
    for (let i = 0; i < this.#length; i++) slots[i] = this.#slots[(this.#head + i) & this.#mask]
    this.#slots = slots
    this.#mask = slots.length - 1
    this.#head = 0
  }
}
