import type { OperatorId } from '../kit/ids.js'
import type { KeyedPart, Piece } from '../state/snapshot.js'

/** What an operator of this subtask gets back from a checkpoint; `checkpoint/restore.ts` hands it out. */
export interface RestoredOperator {
  readonly operator: OperatorId
  /** Pieces of one owner are all here, oldest first. */
  readonly pieces: readonly Piece[]
  /** Parts that hold some of this subtask's key groups, and may hold others. */
  readonly keyed: readonly KeyedPart[]
  /** Its end hook has run: it does not run again in this run. */
  readonly ended: boolean
}
