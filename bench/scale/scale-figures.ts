import type { LeaderMemory } from './leader-memory.js'
import type { Phase } from './phase.js'
import { CHECKPOINT_MS, type Figures, REST_MS } from './scale-run.js'
import { type Count, type Counts, NONE, sumOf } from './tally.js'

/** What a run has measured, as what it says of a size: of one second, of one checkpoint, of one death. */
export class ScaleFigures {
  readonly measured: Figures
  readonly memory: LeaderMemory

  constructor(measured: Figures, memory: LeaderMemory) {
    this.measured = measured
    this.memory = memory
  }

  get slots(): number {
    const { nodes, slots } = this.measured.size
    return nodes * slots
  }

  /** Half of them are sources. */
  get subtasks(): number {
    return 2 * this.slots
  }

  get channels(): number {
    return this.measured.size.shape === 'all-to-all' ? this.slots ** 2 : this.slots
  }

  /** Words to the leader that come whatever happens, in a second. */
  get restTo(): Count {
    return perSecond(sumOf([this.measured.rest.toLeader]))
  }

  get restFrom(): Count {
    return perSecond(sumOf([this.measured.rest.fromLeader]))
  }

  /** Between subtasks, in a second: frames and grants. */
  get restFrames(): number {
    return perSecond(this.measured.rest.frames).times
  }

  get restCpuMs(): number {
    return (this.measured.rest.leader.cpuMs * 1_000) / REST_MS
  }

  /** Words to the leader that `phase` has beside those. */
  to(phase: Phase): Count {
    return sumOf([phase.toLeader], (word) => !this.measured.rest.toLeader.has(word))
  }

  from(phase: Phase): Count {
    return sumOf([phase.fromLeader], (word) => !this.measured.rest.fromLeader.has(word))
  }

  cpuMs({ leader, tookMs }: Phase): number {
    return leader.cpuMs - (this.restCpuMs * tookMs) / 1_000
  }

  /** Of the checkpoint that took the leader neither least nor most. */
  get checkpoint(): Phase {
    const { checkpoints } = this.measured
    const inOrder = [...checkpoints].sort((a, b) => a.leader.cpuMs - b.leader.cpuMs)
    return inOrder[Math.floor(inOrder.length / 2)]!
  }

  get checkpointFrames(): number {
    return this.checkpoint.frames.times - (this.restFrames * CHECKPOINT_MS) / 1_000
  }

  get manifestBytes(): number {
    return countOf(this.checkpoint.store, 'manifest').bytes
  }
}

export function countOf(counts: Counts, name: string): Count {
  return counts.get(name) ?? NONE
}

function perSecond({ times, bytes }: Count): Count {
  return { times: (times * 1_000) / REST_MS, bytes: (bytes * 1_000) / REST_MS }
}
