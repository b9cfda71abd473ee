import type { SinkSpec } from '../connector/sink.js'
import type { SourceSpec } from '../connector/source.js'

/**
 * The two ends of a flow, as a connector's factory returns them: data and the user's functions, typed by the record
 * that passes. What reads and writes is found on the node by the connector's name.
 */
export interface Source<T> extends SourceSpec {
  /** Never there: carries the record's type. */
  readonly '~record'?: T | undefined
  /** Never there: a sink is no source. */
  readonly '~accepts'?: undefined
}

/** Where records of type T go: what a sink's factory returns, for `.to(id, sink)`. */
export interface Sink<in T> extends SinkSpec {
  /** Never there: carries the type of the records that it takes. */
  readonly '~accepts'?: ((record: T) => void) | undefined
}

/** A function that makes a source, or a sink, of a connector: `kafka.source`, `postgres.sink`. */
export type SourceFactory<Options, T> = (options: Options) => Source<T>
/** A function that makes a sink of a connector: `postgres.sink`. */
export type SinkFactory<Options, T> = (options: Options) => Sink<T>

/**
 * A text that may be a parameter (`flow.params.topic`). `undefined` is there for compilers that see every read of an
 * index so: a parameter that is missing has thrown before.
 */
export type Text = string | undefined
