import type { NodeId, SystemId } from '../kit/ids.js'

/**
 * Who leads a cluster, as its store has it. A lease gives liveness alone: it says whose turn it is to direct jobs, and
 * two may think so at once. What may be decided of a job is settled by the job's own log.
 */
export interface Lease {
  /** Rises with every write. */
  readonly revision: number
  readonly holder: LeaseHolder
}

export interface LeaseHolder {
  readonly node: NodeId
  /** What its operator calls it. */
  readonly name: string
  /** The actor system that its roles live in. */
  readonly system: SystemId
  /** It has given the lease back: nobody waits for it. */
  readonly isReleased: boolean
}

/** Where the lease of one cluster is kept. `test/contract/lease-store.ts` says what every implementation must do. */
export interface LeaseStore {
  /** Undefined: nobody has held it yet. What is read may be old. */
  read(): Promise<Lease | undefined>
  /**
   * Makes `holder` the one who holds it if the lease still has the revision `after` (0: nobody has held it), and answers
   * with the new revision; 'taken': it has another one. A rejected promise means unknown.
   */
  write(holder: LeaseHolder, after: number): Promise<number | 'taken'>
}
