import type { Dice } from './dice.js'
import type { Pace, Topic } from './shape.js'

/** One topic to three. Some jobs only have bounded ones, and finish. */
export function drawTopics(dice: Dice): Topic[] {
  const finishes = dice.chance(0.25)
  const count = dice.pick([1, 1, 2, 2, 3])
  return Array.from({ length: count }, (_, index) => drawTopic(dice, index, finishes || dice.chance(0.15)))
}

function drawTopic(dice: Dice, index: number, isBounded: boolean): Topic {
  const partitions = dice.between(1, 4)
  return {
    name: `t${index}`,
    partitions,
    latePartitions: !isBounded && dice.chance(0.5) ? dice.between(1, 4) : 0,
    pace: index === 0 ? dice.pick(['burst', 'fast', 'steady', 'steady']) : drawOtherPace(dice),
    isBounded,
    repeats: dice.chance(0.3),
    keys: dice.scaled(1, 40),
  }
}

/** The first topic has something to read; beside it one may be slow, or empty. */
function drawOtherPace(dice: Dice): Pace {
  return dice.chance(0.1) ? 'never' : dice.pick(['burst', 'fast', 'steady', 'slow', 'slow'])
}
