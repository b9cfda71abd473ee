import type { Clock } from '../kit/clock.js'
import { RetakeError } from '../kit/errors.js'
import type { Logger } from '../kit/logger.js'
import type { SplitPosition } from '../state/snapshot.js'
import type { SinkContext, SinkSpec, SinkWriter } from './sink.js'
import type { SourceContext, SourceReader, SourceSpec, SplitEnumerator } from './source.js'

/** The runtime half of a connector, found on the node by the name that its factory put into the job. */
export interface SourceConnector {
  /** `options` are data: no function of the job is there. */
  enumerator(
    options: SourceSpec['options'],
    ctx: { clock: Clock; logger: Logger; parallelism: number },
  ): SplitEnumerator
  reader(spec: SourceSpec, ctx: SourceContext): SourceReader
  /** What keeps a reader with these options from going on with `split`, for people; undefined when nothing does. */
  misfit?(options: SourceSpec['options'], split: SplitPosition): string | undefined
}

export interface SinkConnector {
  writer(spec: SinkSpec, ctx: SinkContext): SinkWriter
}

/** Those of `names` that a node has; asking the registry for another one says which there are. */
export type ConnectorLoader = (names: Iterable<string>) => Promise<Connectors>

/** The connectors that a node has, by name. */
export class Connectors {
  readonly #sources: Readonly<Record<string, SourceConnector>>
  readonly #sinks: Readonly<Record<string, SinkConnector>>

  constructor(
    sources: Readonly<Record<string, SourceConnector>>,
    sinks: Readonly<Record<string, SinkConnector>>,
  ) {
    this.#sources = sources
    this.#sinks = sinks
  }

  /** Throws RT1013 for a name that this node does not know. */
  source(name: string): SourceConnector {
    return this.#sources[name] ?? unknown('source', name, this.#sources)
  }

  sink(name: string): SinkConnector {
    return this.#sinks[name] ?? unknown('sink', name, this.#sinks)
  }
}

function unknown(kind: string, name: string, known: Readonly<Record<string, unknown>>): never {
  throw new RetakeError('RT1013', {
    what: `there is no ${kind} connector ${JSON.stringify(name)} on this node`,
    why: `it knows ${Object.keys(known).join(', ')}`,
    fix: 'run the job on nodes of the version that it was written for',
  })
}
