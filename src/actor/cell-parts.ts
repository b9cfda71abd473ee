import type { Clock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import type { Cell } from './cell.js'
import type { DeadLetters } from './dead-letters.js'
import type { DeathWatch } from './death-watch.js'
import type { Delivery } from './delivery.js'
import type { Dispatcher } from './dispatcher.js'
import type { PendingAsks } from './pending-asks.js'

/** What the cells of one system share. */
export interface CellParts {
  readonly clock: Clock
  readonly logger: Logger
  readonly dispatcher: Dispatcher
  readonly delivery: Delivery
  readonly asks: PendingAsks
  readonly deadLetters: DeadLetters
  readonly deathWatch: DeathWatch
  readonly limits: CellLimits
  nextIncarnation(): number
  onSpawned(cell: Cell): void
  /** It takes no messages any more. */
  onUnreachable(cell: Cell): void
}

export interface CellLimits {
  readonly controlLaneMax: number
  readonly controlTurns: number
  readonly stopMs: number
}
