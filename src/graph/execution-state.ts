import { assert } from '../kit/assert.js'

/** How one attempt of a subtask is doing, in Flink's words. INITIALIZING restores state and raises fences. */
export type ExecutionState =
  | 'CREATED'
  | 'SCHEDULED'
  | 'DEPLOYING'
  | 'INITIALIZING'
  | 'RUNNING'
  | 'FINISHED'
  | 'CANCELING'
  | 'CANCELED'
  | 'FAILED'

/** The legal moves. What has not been deployed needs no cancelling: it is CANCELED at once. */
export const EXECUTION_MOVES: Readonly<Record<ExecutionState, readonly ExecutionState[]>> = {
  CREATED: ['SCHEDULED', 'CANCELED', 'FAILED'],
  SCHEDULED: ['DEPLOYING', 'CANCELING', 'CANCELED', 'FAILED'],
  DEPLOYING: ['INITIALIZING', 'CANCELING', 'FAILED'],
  INITIALIZING: ['RUNNING', 'CANCELING', 'FAILED'],
  RUNNING: ['FINISHED', 'CANCELING', 'FAILED'],
  CANCELING: ['CANCELED', 'FAILED'],
  FINISHED: [],
  CANCELED: [],
  FAILED: [],
}

export function isTerminal(state: ExecutionState): boolean {
  return EXECUTION_MOVES[state].length === 0
}

/** The state of one attempt of a subtask: moves legally or crashes. */
export class ExecutionStateMachine {
  readonly #of: string
  #state: ExecutionState = 'CREATED'

  /** @param of names the subtask where an illegal move is reported */
  constructor(of: string) {
    this.#of = of
  }

  get state(): ExecutionState {
    return this.#state
  }

  to(next: ExecutionState): void {
    const from = this.#state
    assert(EXECUTION_MOVES[from].includes(next), 'a subtask moves as the table says', {
      of: this.#of,
      from,
      next,
    })
    this.#state = next
  }
}
