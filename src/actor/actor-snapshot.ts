import type { ErrorInfo } from '../kit/errors.js'
import type { Address } from './actor.js'
import type { CellState } from './cell.js'

/** One actor and all below it, as `ActorSystem.tree` shows them. */
export interface ActorSnapshot {
  /** Where it is. */
  readonly address: Address
  /** How far it has come in its life. */
  readonly state: CellState
  /** Messages that wait in the system lane and in the control lane. */
  readonly system: number
  /** As `system`, of the control lane. */
  readonly control: number
  /** Its data lane: there is none, it waits for something, or it has work. */
  readonly data: 'none' | 'idle' | 'ready'
  /** How long it has been waiting for a turn, at least; 0 if it is not. */
  readonly oldestMs: number
  /** How often its supervisor started it again. */
  readonly restarts: number
  /** What its supervisor started it again for. */
  readonly lastError: ErrorInfo | undefined
  /** Whether it has the thread, wants it, or has nothing to do. */
  readonly doing: 'in a turn' | 'waiting for a turn' | 'waiting for messages'
  /** What the actor itself says (`Actor.describe`). */
  readonly about: unknown
  /** In the order in which they were spawned. */
  readonly children: readonly ActorSnapshot[]
}
