import { expect, test } from 'vitest'
import { RetakeError } from '#src/kit/errors.js'
import { type Decoder, refusedWith } from './decoder.js'
import { damagedBytesOf, execute, read } from './execution.js'

const SEED = 7

/** Reads a list of bytes behind its length. */
const list: Decoder<readonly number[]> = {
  name: 'list',
  sample: () => ({ bytes: Uint8Array.of(3, 1, 2, 3), value: [1, 2, 3] }),
  decode(bytes) {
    if (bytes.length !== (bytes[0] ?? -1) + 1)
      throw new RetakeError('RT1521', { what: 'w', why: 'w', fix: 'f' })
    return [...bytes.subarray(1)]
  },
  isRefusal: refusedWith('RT1521'),
}

test('when a decoder is right, then there is no find, and both outcomes are seen', () => {
  const verdicts = executed(list)
  expect(verdicts.filter(({ find }) => find !== undefined)).toEqual([])
  expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['decoded', 'refused']))
})

test('when an execution is repeated, then its bytes are the same', () => {
  expect(damagedBytesOf(list, SEED, 5)).toEqual(damagedBytesOf(list, SEED, 5))
  expect(damagedBytesOf(list, SEED, 5)).not.toEqual(damagedBytesOf(list, SEED, 6))
})

test('when a decoder throws what its caller does not expect, then that is a find', () => {
  const careless = {
    ...list,
    decode: (bytes: Uint8Array) => (bytes.length === 4 ? list.decode(bytes) : [BigInt('x')]),
  }
  expect(findsOf(careless as unknown as Decoder)).toContain('SyntaxError')
})

test('when a valid input is read as another, then that is a find', () => {
  expect(findsOf({ ...list, decode: (bytes) => list.decode(bytes).toReversed() })).toContain(
    'a valid input is read as [3,2,1]',
  )
})

test('when a decoder believes a length, then that is a find', () => {
  const believing = {
    ...list,
    decode(bytes: Uint8Array) {
      const whole = new Uint8Array((bytes[0] ?? 0) * 2 ** 20).fill(1)
      return whole.length > 100 * 2 ** 20 ? [whole.length] : list.decode(bytes)
    },
  }
  expect(findsOf(believing)).toContain('allocate')
})

test('when a prototype gets a field, then that is a find', () => {
  const polluting = {
    ...list,
    decode(bytes: Uint8Array) {
      if (bytes.length !== 4) Object.assign(Object.prototype, { polluted: 1 })
      return list.decode(bytes)
    },
  }
  const finds = findsOf(polluting)
  delete (Object.prototype as { polluted?: number }).polluted
  expect(finds).toContain('a prototype has other fields: polluted')
})

test('when a refusal leaves something behind, then that is a find', () => {
  let damaged = 0
  const forgetful = {
    ...list,
    decode(bytes: Uint8Array) {
      if (bytes.length !== 4) damaged += 1
      const read = list.decode(bytes)
      return damaged > 0 ? [] : read
    },
  }
  expect(findsOf(forgetful)).toContain('after damaged bytes is read as []')
})

test('when a decoder goes round for long, then that is a find', () => {
  const slow: Decoder<readonly number[]> = {
    ...list,
    decode(bytes) {
      const before = process.cpuUsage()
      while (secondsSince(before) < 1.2) Math.hypot(...new Array(1_000).fill(1))
      return list.decode(bytes)
    },
  }
  expect(read(slow, Uint8Array.of(0)).find).toContain('1000 ms')
})

function executed(decoder: Decoder) {
  return Array.from({ length: 60 }, (_, index) => execute(decoder, SEED, index))
}

function secondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000_000
}

function findsOf(decoder: Decoder): string {
  return executed(decoder)
    .map(({ find }) => find ?? '')
    .join('\n')
}
