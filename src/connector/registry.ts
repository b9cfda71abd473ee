import type { Clock } from '../kit/clock.js'
import type { Logger } from '../kit/logger.js'
import type { SinkContext, SinkSpec, SinkWriter } from './sink.js'
import type { SourceContext, SourceReader, SourceSpec, SplitEnumerator } from './source.js'

/** The runtime half of a connector, found on the node by the name that its factory put into the job. */
export interface SourceConnector {
  /** `options` are data: no function of the job is there. */
  enumerator(options: SourceSpec['options'], ctx: { clock: Clock; logger: Logger; parallelism: number }): SplitEnumerator
  reader(spec: SourceSpec, ctx: SourceContext): SourceReader
}

export interface SinkConnector {
  writer(spec: SinkSpec, ctx: SinkContext): SinkWriter
}
