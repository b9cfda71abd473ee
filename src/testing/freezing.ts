import { frozen } from '../channel/frozen.js'
import { assertNever } from '../kit/assert.js'
import type { KeySelector } from '../kit/key.js'
import type { AggregationSpec, OperatorSpec, ProcessSpec } from '../operator/operator-spec.js'

/**
 * The same operator, whose functions are given frozen records, and what they give away is frozen from that moment on: a
 * record belongs to its receiver, and who changes it afterwards throws, with his line. For tests: it costs a walk over
 * every record.
 */
export function freezing(spec: OperatorSpec): OperatorSpec {
  switch (spec.kind) {
    case 'map':
      return { ...spec, map: (record) => frozen(spec.map(frozen(record))) }
    case 'filter':
      return { ...spec, keep: (record) => spec.keep(frozen(record)) }
    case 'flat-map':
      return { ...spec, expand: (record) => freezingEach(spec.expand(frozen(record))) }
    case 'combine':
      return { ...spec, of: freezingAggregation(spec.of) }
    case 'sum':
    case 'min':
    case 'max':
    case 'count':
    case 'reduce':
      return freezingAggregation(spec)
    case 'process':
      return { ...spec, keyOf: freezingKey(spec.keyOf), process: freezingProcess(spec.process) }
    default:
      return assertNever(spec)
  }
}

function freezingAggregation(spec: AggregationSpec): AggregationSpec {
  switch (spec.kind) {
    case 'sum':
    case 'min':
    case 'max':
    case 'count':
      return { ...spec, keyOf: freezingKey(spec.keyOf) }
    case 'reduce':
      // What is held it may change, and what comes of that is copied.
      return {
        ...spec,
        keyOf: freezingKey(spec.keyOf),
        reduce: (held, record) => spec.reduce(held, frozen(record)),
      }
    default:
      return assertNever(spec)
  }
}

export function freezingProcess({ state, onRecord, onTimer }: ProcessSpec): ProcessSpec {
  const freezingFirst = (emit: (record: unknown) => void) => (record: unknown) => emit(frozen(record))
  return {
    state,
    onRecord: (record, ctx, emit) => onRecord(frozen(record), ctx, freezingFirst(emit)),
    ...(onTimer && { onTimer: (timer, ctx, emit) => onTimer(timer, ctx, freezingFirst(emit)) }),
  }
}

function freezingKey(keyOf: KeySelector): KeySelector {
  return (record) => keyOf(frozen(record))
}

/** What is no list, like a generator, is frozen as it comes. What cannot be iterated is left to be complained of. */
function freezingEach(records: Iterable<unknown>): Iterable<unknown> {
  if (Array.isArray(records)) return frozen(records)
  if (typeof records !== 'object' || records === null || !(Symbol.iterator in records)) return records
  return (function* () {
    for (const record of records) yield frozen(record)
  })()
}
