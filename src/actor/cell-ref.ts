import type { ActorRef, Address } from './actor.js'
import type { Cell } from './cell.js'
import type { Delivery } from './delivery.js'

/**
 * The ref that a system hands out for an actor of its own. It remembers the cell, so that a tell within the thread need
 * not look an address up; to all others, and wherever it travels as data, it is its address alone.
 */
export class CellRef implements ActorRef<unknown> {
  readonly address: Address
  readonly #cell: Cell
  readonly #delivery: Delivery

  constructor(cell: Cell, delivery: Delivery) {
    this.address = cell.address
    this.#cell = cell
    this.#delivery = delivery
  }

  /**
   * The cell behind `ref`, if it takes messages of `delivery`'s system. Undefined says only that the address has to be
   * looked up: the ref may be plain data or another system's, or the actor may have been started anew.
   */
  static cellOf(ref: ActorRef<never>, delivery: Delivery): Cell | undefined {
    return #cell in ref && ref.#delivery === delivery && ref.#cell.isOpen ? ref.#cell : undefined
  }
}
