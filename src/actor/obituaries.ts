import type { Address, ExitReason } from './actor.js'

const KEPT = 4_096

/**
 * How the latest actors of a system ended, so that who begins to watch one too late still hears the true reason. Of
 * what ended longer ago nobody knows more than that it is not there: `lost`.
 */
export class Obituaries {
  readonly #reasons = new Map<Address, ExitReason>()

  add(address: Address, reason: ExitReason): void {
    this.#reasons.delete(address)
    this.#reasons.set(address, reason)
    if (this.#reasons.size <= KEPT) return
    const [oldest] = this.#reasons.keys()
    if (oldest !== undefined) this.#reasons.delete(oldest)
  }

  reasonOf(address: Address): ExitReason {
    return this.#reasons.get(address) ?? { kind: 'lost' }
  }
}
