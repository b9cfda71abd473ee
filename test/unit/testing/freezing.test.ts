import { expect, test } from 'vitest'
import type { OperatorSpec } from '#src/operator/operator-spec.js'
import { freezing } from '#src/testing/freezing.js'

interface Basket {
  readonly items: string[]
}

const keyOf = () => 'key'
/** Each adds to what it is given. */
const greedy = (basket: unknown) => (basket as Basket).items.push('more')
/** What each of them has given away and kept. */
let kept: Basket
const keeping = () => {
  kept = { items: [] }
  return kept
}
const emitting = (emit: (record: unknown) => void) => emit(keeping())

const RECEIVING: Readonly<
  Record<string, readonly [OperatorSpec, (spec: OperatorSpec, basket: Basket) => unknown]>
> = {
  map: [{ kind: 'map', map: greedy }, (spec, basket) => spec.kind === 'map' && spec.map(basket)],
  filter: [
    { kind: 'filter', keep: (basket) => greedy(basket) > 0 },
    (spec, basket) => spec.kind === 'filter' && spec.keep(basket),
  ],
  'flat-map': [
    { kind: 'flat-map', expand: (basket) => [greedy(basket)] },
    (spec, basket) => spec.kind === 'flat-map' && spec.expand(basket),
  ],
  reduce: [
    { kind: 'reduce', keyOf, reduce: (_, basket) => greedy(basket) },
    (spec, basket) => spec.kind === 'reduce' && spec.reduce({}, basket),
  ],
  'the key of a sum': [
    { kind: 'sum', keyOf: (basket) => greedy(basket), field: 'n' },
    (spec, basket) => spec.kind === 'sum' && spec.keyOf(basket),
  ],
  'the key of a process': [
    { kind: 'process', keyOf: (basket) => greedy(basket), process: { state: {}, onRecord: () => {} } },
    (spec, basket) => spec.kind === 'process' && spec.keyOf(basket),
  ],
  process: [
    { kind: 'process', keyOf, process: { state: {}, onRecord: greedy } },
    (spec, basket) => spec.kind === 'process' && spec.process.onRecord(basket, {}, () => {}),
  ],
}

test.each(Object.entries(RECEIVING))(
  'when %s changes what it is given, then it throws',
  (_, [spec, call]) => {
    expect(() => call(spec, { items: [] })).not.toThrow()
    expect(() => call(freezing(spec), { items: [] })).toThrow('not extensible')
  },
)

const GIVING: Readonly<Record<string, readonly [OperatorSpec, (spec: OperatorSpec) => unknown]>> = {
  map: [{ kind: 'map', map: keeping }, (spec) => spec.kind === 'map' && spec.map(1)],
  'flat-map': [
    { kind: 'flat-map', expand: () => [keeping()] },
    (spec) => spec.kind === 'flat-map' && spec.expand(1),
  ],
  'a record of a process': [
    { kind: 'process', keyOf, process: { state: {}, onRecord: (_, __, emit) => emitting(emit) } },
    (spec) => spec.kind === 'process' && spec.process.onRecord(1, {}, () => {}),
  ],
  'a timer of a process': [
    {
      kind: 'process',
      keyOf,
      process: { state: {}, onRecord: () => {}, onTimer: (_, __, emit) => emitting(emit) },
    },
    (spec) => spec.kind === 'process' && spec.process.onTimer?.({ at: 1, tag: undefined }, {}, () => {}),
  ],
}

test.each(Object.entries(GIVING))('when %s changes what it gave away, then it throws', (_, [spec, call]) => {
  call(spec)
  expect(() => greedy(kept)).not.toThrow()
  call(freezing(spec))
  expect(() => greedy(kept)).toThrow('not extensible')
})

test('when a flat map yields, then what it yields is frozen as it comes', () => {
  const spec = freezing({
    kind: 'flat-map',
    *expand() {
      yield keeping()
      greedy(kept)
    },
  })
  expect(() => spec.kind === 'flat-map' && [...spec.expand(1)]).toThrow('not extensible')
})

test('when a reduce changes what it holds, then it may', () => {
  const spec = freezing({
    kind: 'reduce',
    keyOf,
    reduce: (held) => {
      greedy(held)
      return held
    },
  })
  expect(spec.kind === 'reduce' && spec.reduce({ items: ['one'] }, 1)).toEqual({ items: ['one', 'more'] })
})
