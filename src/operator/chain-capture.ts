import type { OperatorId, SubtaskIndex } from '../kit/ids.js'
import type { BlobWriter, Capture, OperatorSnapshot, SubtaskSnapshot } from '../state/snapshot.js'

/** What one operator adds to the snapshot of its chain: its keyed state, and what it adds itself. */
export interface CapturedOperator {
  readonly operator: OperatorId
  readonly subtask: SubtaskIndex
  readonly captures: readonly Capture[]
}

/** The snapshot of a whole chain, being taken: encoded slice by slice, operator after operator, then uploaded. */
export class ChainCapture {
  readonly #subtask: Omit<SubtaskSnapshot, 'operators'>
  readonly #operators: readonly CapturedOperator[]
  readonly #captures: readonly Capture[]
  readonly #store: BlobWriter
  #sliced = 0

  constructor(
    subtask: Omit<SubtaskSnapshot, 'operators'>,
    operators: readonly CapturedOperator[],
    store: BlobWriter,
  ) {
    this.#subtask = subtask
    this.#operators = operators
    this.#store = store
    this.#captures = operators.flatMap(({ captures }) => captures)
  }

  /** Does about a millisecond of work; true when nothing is left. */
  slice(): boolean {
    const capture = this.#captures[this.#sliced]
    if (capture?.slice() === true) this.#sliced += 1
    return this.#sliced >= this.#captures.length
  }

  /** Undefined, or what to wait for before the next slice. */
  room(): Promise<void> | undefined {
    return this.#captures[this.#sliced]?.room?.()
  }

  /** The checkpoint was given up: nothing is encoded for it any more. */
  abandon(): void {
    for (const capture of this.#captures) capture.abandon?.()
  }

  /** Stores what was encoded, and may wait: for the store, and for what a sink's database has yet to answer. */
  async upload(): Promise<SubtaskSnapshot> {
    try {
      const operators = await Promise.all(this.#operators.map((captured) => uploaded(captured, this.#store)))
      return { ...this.#subtask, operators }
    } catch (error) {
      this.abandon()
      throw error
    }
  }
}

async function uploaded(
  { operator, subtask, captures }: CapturedOperator,
  blobs: BlobWriter,
): Promise<OperatorSnapshot> {
  const parts = await Promise.all(captures.map((capture) => capture.upload(blobs)))
  return Object.assign({ operator, subtask }, ...parts)
}
