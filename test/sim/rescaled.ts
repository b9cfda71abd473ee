import type { Random } from '#src/kit/random.js'
import { Dice } from './dice.js'
import type { Shape } from './shape.js'

/**
 * The same job at another parallelism: it goes on from the checkpoints of `shape`, and its results are the same.
 * Operators of one parallelism keep one, so that levels which keep their order keep it.
 */
export function rescaled(shape: Shape, random: Random): Shape {
  const dice = new Dice(random)
  const parallelisms = [1, 2, 3, 4].map(() => dice.between(1, 4))
  const { parallelism = 1 } = shape.options
  const other = 1 + ((parallelism - 1 + dice.between(1, 3)) % 4)
  return {
    ...shape,
    options: { ...shape.options, parallelism: other },
    nodes: shape.nodes.map((node) => {
      if (node.parallelism === undefined || node.isFixed === true) return node
      return { ...node, parallelism: parallelisms[node.parallelism - 1] ?? node.parallelism }
    }),
  }
}
