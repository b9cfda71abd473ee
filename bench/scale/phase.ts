import type { Work } from './metered-clock.js'
import { between, type Count, type Counts, sumOf } from './tally.js'
import type { Carried } from './traffic.js'

/** What was counted until a moment. */
export interface Reading extends Carried {
  /** Virtual. */
  readonly atMs: number
  /** Entries of the log and blobs that were written, by what they are. */
  readonly store: Counts
}

/** What happened between two readings. */
export class Phase {
  /** Virtual. */
  readonly tookMs: number
  readonly leader: Work
  readonly toLeader: Counts
  readonly fromLeader: Counts
  readonly channels: Counts
  readonly store: Counts

  constructor(before: Reading, after: Reading, leader: Work) {
    this.tookMs = after.atMs - before.atMs
    this.leader = leader
    this.toLeader = between(before.toLeader, after.toLeader)
    this.fromLeader = between(before.fromLeader, after.fromLeader)
    this.channels = between(before.channels, after.channels)
    this.store = between(before.store, after.store)
  }

  /** All words to and from the leader. */
  get words(): Count {
    return sumOf([this.toLeader, this.fromLeader])
  }

  get entries(): Count {
    return sumOf([this.store], (name) => name.startsWith('entry '))
  }

  get frames(): Count {
    return sumOf([this.channels])
  }
}
