import type { ErrorInfo } from '../kit/errors.js'
import type { Address } from './actor.js'
import type { CellState } from './cell.js'

/** One actor and all below it, as `ActorSystem.tree` shows them. */
export interface ActorSnapshot {
  readonly address: Address
  readonly state: CellState
  /** Messages that wait in the system lane and in the control lane. */
  readonly system: number
  readonly control: number
  readonly data: 'none' | 'idle' | 'ready'
  /** How long it has been waiting for a turn, at least; 0 if it is not. */
  readonly oldestMs: number
  /** How often its supervisor started it again. */
  readonly restarts: number
  readonly lastError: ErrorInfo | undefined
  readonly doing: 'in a turn' | 'waiting for a turn' | 'waiting for messages'
  /** What the actor itself says (`Actor.describe`). */
  readonly about: unknown
  readonly children: readonly ActorSnapshot[]
}
