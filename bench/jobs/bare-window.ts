/** Of batches: enough to keep the other side busy, few enough that neither runs away. */
const LARGEST = 32
/** Batches that the other side takes between two acknowledgements. */
export const ACKNOWLEDGE_EVERY = 8

/**
 * Batches under way to another thread or process. Without a bound one side would make all it has while the other only
 * takes, and then the other way round: nobody would write the loop by hand like that twice.
 */
export class BareWindow {
  #underWay = 0
  #onRoom = () => {}

  onSent(): void {
    this.#underWay++
  }

  onAcknowledged(): void {
    this.#underWay -= ACKNOWLEDGE_EVERY
    if (this.#underWay < LARGEST) this.#onRoom()
  }

  /** Undefined when there is room now. */
  room(): Promise<void> | undefined {
    if (this.#underWay < LARGEST) return undefined
    return new Promise((resolve) => {
      this.#onRoom = resolve
    })
  }
}
