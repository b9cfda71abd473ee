import type { NodeRole } from '#actors/cluster-view.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import type { Theme } from './disasters.js'

/** The machines of a world. */
export interface Cluster {
  readonly places: readonly Place[]
  /** Of each that does work. Two machines are enough for any job. */
  readonly slots: number
  readonly heartbeatTimeoutMs: number
}

/** `jm-n` may direct, `tm-n` does work, `all-n` both. */
export interface Place {
  readonly name: string
  readonly roles: readonly NodeRole[]
}

/** Mostly two that may direct, now and then one or three; two to four that do work; a few worlds have machines for both. */
export function clusterOf(random: Random, theme: Theme): Cluster {
  const workers = 2 + randomInteger(random, 3)
  const slots = 2 + randomInteger(random, 2)
  switch (theme) {
    case 'anything':
      return {
        places:
          random.next() < 0.1 ? places(0, workers, 'all') : places(drawnDirectors(random), workers, 'tm'),
        slots,
        heartbeatTimeoutMs: 3_000 + random.next() * 7_000,
      }
    // Somebody must be there to take over, and soon enough for whoever fences itself when nobody answers.
    case 'leaders':
      return {
        places: places(2 + randomInteger(random, 2), workers, 'tm'),
        slots,
        heartbeatTimeoutMs: 25_000,
      }
  }
}

function drawnDirectors(random: Random): number {
  const drawn = random.next()
  if (drawn < 0.2) return 1
  return drawn < 0.85 ? 2 : 3
}

function places(directors: number, workers: number, as: 'tm' | 'all'): Place[] {
  const some = (prefix: string, count: number, roles: readonly NodeRole[]) =>
    Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index + 1}`, roles }))
  return [
    ...some('jm', directors, ['job-manager']),
    ...some(as, workers, as === 'tm' ? ['task-manager'] : ['job-manager', 'task-manager']),
  ]
}
