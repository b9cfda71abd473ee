import { SIGHTINGS, type Sighting } from './stop-probe.js'

/** Adds up what the probes of all threads of this process say. */
export class Sightings {
  readonly #channel = new BroadcastChannel(SIGHTINGS)
  #total = 0
  #records = 0
  #longestStopMs = 0
  #longestGcMs = 0
  #gcMs = 0
  #awaited: { readonly records: number; readonly reached: () => void } | undefined

  constructor() {
    this.#channel.onmessage = (event) => this.#onSighting((event as { data: Sighting }).data)
  }

  #onSighting({ records, stopMs, gcMs, longestGcMs }: Sighting): void {
    this.#total += records
    this.#records += records
    this.#gcMs += gcMs
    this.#longestStopMs = Math.max(this.#longestStopMs, stopMs)
    this.#longestGcMs = Math.max(this.#longestGcMs, longestGcMs)
    if (this.#awaited === undefined || this.#total < this.#awaited.records) return
    this.#awaited.reached()
    this.#awaited = undefined
  }

  /** Resolves when the sinks have had so many records since the beginning. */
  reach(records: number): Promise<void> {
    return new Promise((reached) => {
      this.#awaited = { records, reached }
    })
  }

  /** What was seen since it was last asked. */
  take() {
    const seen = {
      records: this.#records,
      gcMs: this.#gcMs,
      longestStopMs: this.#longestStopMs,
      longestGcMs: this.#longestGcMs,
    }
    this.#records = this.#gcMs = this.#longestStopMs = this.#longestGcMs = 0
    return seen
  }

  close(): void {
    this.#channel.close()
  }
}
