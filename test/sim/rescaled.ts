import type { Random } from '#src/kit/random.js'
import { Dice } from './dice.js'
import { combining, type LevelWork, type Placed, type Shape } from './shape.js'

/**
 * The same job at another parallelism, whose senders combine elsewhere: it goes on from the checkpoints of `shape`, and
 * its results are the same. Operators of one parallelism keep one, so that levels which keep their order keep it.
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
      const moved = node.kind === 'level' && shape.layer === 'flow' ? recombined(node, dice) : node
      if (moved.parallelism === undefined || moved.isFixed === true) return moved
      return { ...moved, parallelism: parallelisms[moved.parallelism - 1] ?? moved.parallelism }
    }),
  }
}

function recombined(node: Placed & LevelWork, dice: Dice): Placed & LevelWork {
  if (dice.chance(0.5)) return combining(node, dice)
  const { combine: _, ...plain } = node
  return plain
}
