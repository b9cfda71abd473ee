import { expect, test } from 'vitest'
import { defaultMaxParallelism, groupRangeOf, keyGroupOf, subtaskOfGroup } from '#src/kit/key-group.js'
import { keyHash } from '#src/kit/key-hash.js'
import { randomInteger, seededRandom } from '#src/kit/random.js'

test('when groups are dealt to subtasks, then the ranges cover each once and agree with where records go', () => {
  const random = seededRandom(3)
  for (let i = 0; i < 100; i++) {
    const max = 1 + randomInteger(random, 600)
    const parallelism = 1 + randomInteger(random, max)
    const owners: number[] = []
    for (let subtask = 0; subtask < parallelism; subtask++) {
      const { first, last } = groupRangeOf(subtask, parallelism, max)
      for (let group = first; group <= last; group++) owners.push(subtask)
      if (last < first) throw new Error(`subtask ${subtask} of ${parallelism} has none of ${max} groups`)
    }
    expect(owners).toEqual(Array.from({ length: max }, (_, group) => subtaskOfGroup(group, parallelism, max)))
  }
})

test('when a key is dealt to its group, then that is the remainder of its hash', () => {
  const random = seededRandom(5)
  for (let i = 0; i < 20_000; i++) {
    const key = `key-${randomInteger(random, 2 ** 31)}`
    const max = 1 + randomInteger(random, 32_768)
    const remainder = BigInt(keyHash(key) >>> 0) % BigInt(max)
    if (BigInt(keyGroupOf(key, max)) !== remainder) throw new Error(`${key} of ${max}`)
  }
})

test('when max parallelism is not given, then it is as in Flink', () => {
  const given = [1, 2, 4, 85, 86, 128, 171, 200, 10_000, 30_000]
  expect(given.map(defaultMaxParallelism)).toEqual([128, 128, 128, 128, 256, 256, 256, 512, 16_384, 32_768])
})

test('when many users are dealt over four subtasks, then none has much more than its share', () => {
  const counts = [0, 0, 0, 0]
  for (let i = 0; i < 10_000; i++) {
    const subtask = subtaskOfGroup(keyGroupOf(`user-${i}`, 128), 4, 128)
    counts[subtask]! += 1
  }
  for (const count of counts) expect(Math.abs(count - 2_500)).toBeLessThan(400)
})
