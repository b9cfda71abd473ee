import type { Epoch, RunId } from '../kit/ids.js'
import type { RunHistory } from './run-history.js'
import { decodeRunHistory, encodeRunHistory } from './run-history-codec.js'
import type { Documents } from './state-store.js'

/**
 * Where the history of one run is kept: `runs/<run>/history.<epoch>`. Each leadership writes its own document, so one that
 * was replaced and does not know it overwrites nothing; the newest one has all that those before it had.
 */
export class HistoryDocuments {
  readonly #documents: Documents
  readonly #run: RunId

  constructor(documents: Documents, run: RunId) {
    this.#documents = documents
    this.#run = run
  }

  /** The newest one that can be read, of leaderships before `epoch`; undefined when there is none. */
  async newest(epoch: number = Number.POSITIVE_INFINITY): Promise<RunHistory | undefined> {
    for (const one of (await this.#epochsBefore(epoch)).reverse()) {
      const bytes = await this.#documents.get(this.#name(one))
      const history = bytes === undefined ? undefined : decodeRunHistory(bytes)
      if (history !== undefined) return history
    }
    return undefined
  }

  put(epoch: Epoch, history: RunHistory): Promise<void> {
    return this.#documents.put(this.#name(epoch), encodeRunHistory(history))
  }

  /** What leaderships before `epoch` have written: no more of use once that one has. */
  async deleteBefore(epoch: Epoch): Promise<void> {
    for (const one of await this.#epochsBefore(epoch)) await this.#documents.delete(this.#name(one))
  }

  /** In rising order. */
  async #epochsBefore(epoch: number): Promise<number[]> {
    const names = await this.#documents.list(`runs/${this.#run}`)
    const epochs = names.flatMap((name) => {
      const [, digits] = /\/history\.(\d+)$/.exec(name) ?? []
      return digits === undefined ? [] : [Number(digits)]
    })
    return epochs.filter((one) => one < epoch).sort((a, b) => a - b)
  }

  #name(epoch: number): string {
    return `runs/${this.#run}/history.${epoch}`
  }
}
