import type { Lease, LeaseHolder } from '../cluster/lease.js'

/** A lease in memory: what `LeaseStore` says, but done at once. Nobody holds an object of another's. */
export class MemoryLease {
  #standing: Lease | undefined

  read(): Lease | undefined {
    return this.#standing && { ...this.#standing, holder: { ...this.#standing.holder } }
  }

  write(holder: LeaseHolder, after: number): number | 'taken' {
    if (after !== (this.#standing?.revision ?? 0)) return 'taken'
    this.#standing = { revision: after + 1, holder: { ...holder } }
    return this.#standing.revision
  }
}
