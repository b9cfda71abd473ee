import type { Random } from '#src/kit/random.js'
import { Dice } from './dice.js'
import { fansOf } from './fans.js'
import type { Row } from './row.js'
import type { Pace, Shape, Topic } from './shape.js'

/** What producers append. */
export interface ShapeInput {
  readonly topics: readonly TopicInput[]
}

export interface TopicInput {
  readonly topic: string
  /** By number. */
  readonly partitions: readonly PartitionInput[]
}

export interface PartitionInput {
  /** When the partition appears; 0: it is there before the job starts. Rises with the partition's number. */
  readonly fromMs: number
  /** In the order of their offsets, which is that of their times. */
  readonly records: readonly TimedRow[]
}

export interface TimedRow {
  /** Virtual time at which it is appended; 0: before the job starts. */
  readonly atMs: number
  readonly value: Row
}

/** Producers are done after this time. */
const INPUT_MS = 40_000
const LATE_MS = 20_000

/** The same input for the same shape and random numbers: 100 to 1500 records, fewer where a job makes many of each. */
export function inputOf(shape: Shape, random: Random): ShapeInput {
  const dice = new Dice(random)
  const most = Math.max(100, Math.min(1_500, Math.floor(4_000 / fansOf(shape))))
  const total = dice.scaled(100, most)
  const share = Math.ceil(total / shape.topics.length)
  return { topics: shape.topics.map((topic) => topicInput(topic, share, dice)) }
}

function topicInput(topic: Topic, share: number, dice: Dice): TopicInput {
  const { name, partitions, latePartitions } = topic
  const appearing = Array.from({ length: latePartitions }, () => dice.between(1_000, LATE_MS)).sort(
    (a, b) => a - b,
  )
  const fromMs = [...Array<number>(partitions).fill(0), ...appearing]
  const weights = fromMs.map(() => (dice.chance(0.2) ? 0 : dice.between(1, 5)))
  const filled = weights.flatMap((weight, partition) => Array<number>(weight).fill(partition))
  const records: TimedRow[][] = fromMs.map(() => [])
  for (const [index, atMs] of times(topic, share, dice).entries()) {
    const partition = filled.length === 0 ? 0 : (filled[dice.index(filled)] ?? 0)
    const value = { id: `${name}-${index}`, key: keyOf(topic, dice), value: dice.between(1, 9) }
    const row = { atMs: topic.isBounded ? 0 : Math.max(atMs, fromMs[partition] ?? 0), value }
    records[partition]?.push(row)
    if (topic.repeats && dice.chance(0.05)) records[partition]?.push(row)
  }
  for (const each of records) each.sort((a, b) => a.atMs - b.atMs)
  return {
    topic: name,
    partitions: fromMs.map((from, partition) => ({ fromMs: from, records: records[partition] ?? [] })),
  }
}

/** A few keys have most of the rows. */
function keyOf({ keys }: Topic, dice: Dice): number {
  return Math.floor(dice.skewed(2) * keys)
}

function times({ pace }: Topic, share: number, dice: Dice): readonly number[] {
  const [count, fromMs, toMs] = span(pace, share, dice)
  return Array.from({ length: count }, () => dice.between(fromMs, toMs))
}

function span(pace: Pace, share: number, dice: Dice): readonly [count: number, fromMs: number, toMs: number] {
  switch (pace) {
    case 'burst': {
      const atMs = dice.between(1, 15_000)
      return [share, atMs, atMs + 200]
    }
    case 'fast':
      return [share, 1, 5_000]
    case 'steady':
      return [share, 1, INPUT_MS]
    case 'slow':
      return [Math.min(share, dice.between(5, 30)), 1, INPUT_MS]
    case 'never':
      return [0, 0, 0]
  }
}
