import { checkId, type StreamGraphBuilder } from '../graph/stream-graph-builder.js'
import { callSite } from './call-site.js'
import type { Source } from './ends.js'
import type { OperatorOptions } from './operator-options.js'
import type { Params } from './params.js'
import { requiredEnd } from './required.js'
import { Stream } from './stream.js'

/** Where a job's description begins. */
export class Flow<P = Params> {
  /** What was submitted with `--param name=value`. */
  readonly params: P
  readonly #builder: StreamGraphBuilder

  constructor(builder: StreamGraphBuilder, params: P) {
    this.#builder = builder
    this.params = params
  }

  /**
   * The records of a source. How far it was read is found again, in a checkpoint, by `id`: one line of text, which no
   * other operator of the job has. Throws RT1004 for what cannot be one.
   */
  from<T>(id: string, source: Source<T>, options: OperatorOptions = {}): Stream<T> {
    const where = callSite(this.from)
    checkId(id, where, 'a source')
    requiredEnd('from', 'source', source, where)
    const { parallelism, chaining } = options
    const from = this.#builder.add(
      { id, operator: { kind: 'source', source }, parallelism, chaining, where },
      [],
    )
    return new Stream(this.#builder, [{ from, partitioner: undefined }])
  }
}
