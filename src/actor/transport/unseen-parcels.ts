import { Ring } from '../ring.js'
import type { Parcel } from './transport.js'

/**
 * The parcels of one connection of which the server has not said yet whether anybody is there to take them, by the
 * numbers under which they were published: those rise, and are forgotten from the lowest up.
 */
export class UnseenParcels {
  readonly #parcels = new Ring<Parcel | undefined>()
  /** The number of the first. */
  #first = 0

  add(number: number, parcel: Parcel): void {
    if (this.#parcels.length === 0) this.#first = number
    while (this.#first + this.#parcels.length < number) this.#parcels.push(undefined)
    this.#parcels.push(parcel)
  }

  /** It was told what becomes of this one. */
  take(number: number): Parcel | undefined {
    return this.#parcels.replace(number - this.#first, undefined)
  }

  /** Of all up to `number` nothing more will be told. */
  forget(number: number): void {
    for (; this.#parcels.length > 0 && this.#first <= number; this.#first++) this.#parcels.shift()
  }

  clear(): void {
    this.#parcels.clear()
  }
}
