import { assert } from '../kit/assert.js'
import type { Clock } from '../kit/clock.js'
import type { OperatorId, RunId, SubtaskIndex } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Logger } from '../kit/logger.js'
import type { KeyedStateBackend } from '../state/keyed-state.js'
import type { Piece } from '../state/snapshot.js'
import type { ChainContext, Link, Output } from './chain.js'
import type { Operator, OperatorContext } from './operator.js'

/** Records that an operator has emitted wait here until there is a batch, or until its call has returned. */
export class LinkContext implements OperatorContext {
  readonly run: RunId
  readonly operator: OperatorId
  readonly where: string
  readonly subtask: SubtaskIndex
  readonly parallelism: number
  readonly maxParallelism: number
  readonly logger: Logger
  readonly restored: readonly Piece[]
  readonly #clock: Clock
  readonly #keyed: KeyedStateBackend | undefined
  /** Operators that this one feeds. */
  readonly #fed: readonly Operator[]
  readonly #outputs: readonly Output[]
  /**
   * The first `#waiting` of these wait. A new array for each batch, with room for as many as the last one had: one that is
   * kept grows old, and the collector must be told of each young record that is stored in an old array.
   */
  #emitted: unknown[] = []
  #waiting = 0
  #passed = 0

  constructor(
    { id, where, outputs }: Link,
    fed: readonly Operator[],
    keyed: KeyedStateBackend | undefined,
    restored: readonly Piece[],
    ctx: ChainContext,
  ) {
    this.run = ctx.run
    this.operator = id
    this.where = where
    this.subtask = ctx.subtask
    this.parallelism = ctx.parallelism
    this.maxParallelism = ctx.maxParallelism
    this.logger = ctx.logger.with({ operator: id })
    this.restored = restored
    this.#clock = ctx.clock
    this.#keyed = keyed
    this.#fed = fed
    this.#outputs = outputs
  }

  get keyed(): KeyedStateBackend {
    assert(this.#keyed !== undefined, 'state is for operators behind a keyBy')
    return this.#keyed
  }

  now(): number {
    return this.#clock.now()
  }

  wallTime(): number {
    return this.#clock.wallTime()
  }

  emit(record: unknown): void {
    this.#emitted[this.#waiting++] = record
    if (this.#waiting >= LIMITS.batchRecords) this.flush()
  }

  /** How many records it has passed on. */
  get passed(): number {
    return this.#passed
  }

  /** Passes on what waits. Whoever is fed emits into a buffer of its own. */
  flush(): void {
    const emitted = this.#emitted
    const waiting = this.#waiting
    if (waiting === 0) return
    if (emitted.length > waiting) emitted.length = waiting
    this.#emitted = new Array<unknown>(waiting)
    this.#waiting = 0
    this.#passed += waiting
    for (let i = 0; i < this.#fed.length; i++) this.#fed[i]!.process(emitted)
    for (let i = 0; i < this.#outputs.length; i++) this.#outputs[i]!(emitted)
  }
}
