import { type OperatorDefinition, processSpecOfPorts, type Tagged } from '../api/operator.js'
import { processSpecOf, type UntypedProcess } from '../api/process.js'
import { requiredFunction } from '../api/required.js'
import { RetakeError } from '../kit/errors.js'
import type { Key, KeySelector } from '../kit/key.js'
import type { ProcessSpec } from '../operator/operator-spec.js'
import { guardedKey, type Place } from '../operator/user-code.js'

/** An operator as the runtime takes it, and what a test gives and gets as records of it. */
export interface HarnessedOperator {
  readonly keyOf: KeySelector
  readonly process: ProcessSpec
  /** What comes in, of what `receive` was called with. */
  inputOf(given: readonly unknown[]): unknown
  /** What `takeEmitted` shows of what was emitted. */
  outputOf(emitted: unknown): unknown
}

/** What a harness is given, without its types. */
export interface KeyedProcess {
  readonly key: (record: never) => Key
  readonly process: UntypedProcess
}

export interface KeyedPorts {
  readonly key: unknown
  readonly operator: unknown
}

export function harnessedProcess({ key, process }: KeyedProcess, place: Place): HarnessedOperator {
  requiredFunction('operatorHarness', key, place.where)
  requiredFunction('operatorHarness', process.onRecord, place.where)
  return {
    keyOf: guardedKey(key, place),
    process: processSpecOf(process, place),
    inputOf: ([record]) => record,
    outputOf: (record) => record,
  }
}

/** As in a topology: where a side has several ports, its records travel with the port as their tag. */
export function harnessedPorts({ key, operator }: KeyedPorts, place: Place): HarnessedOperator {
  const definition = operator as OperatorDefinition
  const keyOf = key as Readonly<Record<string, (record: never) => Key>>
  const selectors = new Map(
    Object.keys(definition.receives).map((port) => {
      const select = keyOf[port]
      requiredFunction('portHarness', select, place.where)
      return [port, guardedKey(select as (record: never) => Key, place)] as const
    }),
  )
  const [receives, emits] = [[...selectors.keys()], Object.keys(definition.emits)]
  const selectorOf = (port: unknown): KeySelector => {
    const selector = selectors.get(String(port))
    if (selector === undefined) throw unknownPort(port, receives, place)
    return selector
  }
  const isTagged = receives.length > 1
  const [only] = receives
  return {
    keyOf: (input) =>
      isTagged ? selectorOf((input as Tagged).tag)((input as Tagged).record) : selectorOf(only)(input),
    process: processSpecOfPorts(
      definition,
      new Map(isTagged ? receives.map((port) => [port, port]) : []),
      place,
    ),
    inputOf: ([port, record]) => {
      selectorOf(port)
      return isTagged ? { tag: port, record } : record
    },
    outputOf: (emitted) => {
      const { tag: port, record } =
        emits.length > 1 ? (emitted as Tagged) : { tag: emits[0], record: emitted }
      return { port, record }
    },
  }
}

function unknownPort(port: unknown, receives: readonly string[], { operator, where }: Place): RetakeError {
  return new RetakeError('RT1801', {
    what: `a record was for the port ${JSON.stringify(port)} of ${JSON.stringify(operator)}`,
    why: `it receives at ${receives.join(', ') || 'none'}`,
    fix: 'call receive with one of these and a record',
    where,
  })
}
