import { type Random, randomInteger } from '#src/kit/random.js'
import { few, pick } from './draw.js'

/** A copy of plain data in which one to four things are something else, gone, or there twice. */
export function damagedValue(random: Random, value: unknown): unknown {
  const root = { value: structuredClone(value) }
  for (let left = 1 + few(random, 3); left > 0; left--) damage(random, root)
  return root.value
}

/** The JSON of `value`, damaged so. */
export function damagedJson(random: Random, value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(damagedValue(random, value)) ?? '')
}

type Place = readonly [holder: Record<string, unknown>, name: string]

/** In a field, or an element of an array. */
function damage(random: Random, root: { value: unknown }): void {
  const places = [...placesIn(root as Record<string, unknown>)]
  const [holder, name] = pick(random, places)
  switch (randomInteger(random, 4)) {
    case 0:
      return define(holder, name, odd(random))
    case 1:
      return void (holder === (root as unknown) ? define(holder, name, odd(random)) : delete holder[name])
    case 2:
      return define(holder, pick(random, NAMES), holder === (root as unknown) ? 1 : odd(random))
    default:
      return define(holder, name, structuredClone(pick(random, places)[0]))
  }
}

function* placesIn(holder: Record<string, unknown>): Generator<Place> {
  for (const name of Object.keys(holder)) {
    yield [holder, name]
    const held = holder[name]
    if (typeof held === 'object' && held !== null) yield* placesIn(held as Record<string, unknown>)
  }
}

/** As JSON.parse does: `__proto__` is a name like any other. */
function define(holder: Record<string, unknown>, name: string, value: unknown): void {
  if (Array.isArray(holder) && !(name in holder && /^\d+$/.test(name))) return
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}

const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'then', 'type', 'position']

function odd(random: Random): unknown {
  return pick(random, ODD)()
}

const ODD: readonly (() => unknown)[] = [
  ...[null, true, false, 0, 1, -1, 0.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308, '', '0', 'x', ' '],
  ...[
    '__proto__',
    'constructor',
    'toString',
    '../../x',
    'a.b.>',
    'a b',
    '\0',
    '\r\n',
    'x'.repeat(5_000),
    '🎬',
  ],
]
  .map(
    (value): (() => unknown) =>
      () =>
        value,
  )
  .concat([
    () => [],
    () => ({}),
    () => [null],
    () => [[]],
    () => [{}],
    () => JSON.parse('{"__proto__":{"polluted":1}}'),
    () => ({ length: 2 ** 32 }),
    () => Array.from({ length: 300 }, (_, i) => i),
  ])
