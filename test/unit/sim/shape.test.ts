import { expect, test } from 'vitest'
import { planOf } from '#src/graph/plan-of.js'
import { seededRandom } from '#src/kit/random.js'
import { expectedOf } from '../../sim/expected.js'
import { rescaled } from '../../sim/rescaled.js'
import { type Shape, shapeOf } from '../../sim/shape.js'
import { inputOf } from '../../sim/shape-input.js'
import { jobOf } from '../../sim/shape-job.js'
import { excessOf, shortfallOf } from '../../sim/verdict.js'
import { WholeGraph } from './whole-graph.js'

const SEEDS = Array.from({ length: 500 }, (_, seed) => seed)
const NO_HOOKS = { onRecord: () => {} }

test('x', async () => {
  let n = 0
  for (const seed of SEEDS) {
    const shape = shapeOf(seededRandom(seed))
    try {
      const input = inputOf(shape, seededRandom(seed + 1))
      const whole = await WholeGraph.opened(jobOf(shape, NO_HOOKS), input, seededRandom(seed))
      await whole.run(100)
      await whole.restoredAs(jobOf(rescaled(shape, seededRandom(seed)), NO_HOOKS))
      await whole.finish()
      const expected = expectedOf(shape, input)
      const bad = [...excessOf(expected, whole.committed), ...shortfallOf(expected, whole.committed)]
      if (bad.length > 0) {
        n++
        if (n < 4) console.log(seed, bad.slice(0, 5), JSON.stringify(shape.nodes, null, 1))
      }
    } catch (error) {
      n++
      if (n < 6) console.log(seed, error)
    }
  }
  console.log('bad', n)
}, 200_000)
