import type { Duration, JobOptions } from '#src/api/index.js'
import type { KafkaFetch } from '#src/api/kafka.js'
import type { Random } from '#src/kit/random.js'
import { Dice } from './dice.js'
import type { Combining, Mapping, Sieve } from './row.js'
import { drawOptions } from './shape-options.js'
import { drawTopics } from './shape-topics.js'
import { Sketch } from './sketch.js'

/**
 * A job as plain data: what `jobOf` builds with the public API, and of which `expectedOf` knows the result.
 *
 * Streams are of two kinds, by what of them does not depend on the order in which records interleave:
 *
 *     rows     the set of them, repeats counted: rows of topics, mapped, filtered, copied, numbered by key (1, 2, 3 …)
 *     levels   for each key the last one: totals, highest and lowest values on their way. They rise (or fall), and all
 *              of a key come in order, or else a highest (lowest) follows that finds the last one again.
 *
 * Rows end in tables that are appended to, levels in tables that are upserted.
 */
export interface Shape {
  readonly name: string
  readonly layer: 'flow' | 'topology'
  readonly options: Omit<JobOptions, 'params'>
  /** Brokers and database come as parameters, by a schema that has them as defaults. */
  readonly readsParams: boolean
  readonly topics: readonly Topic[]
  /** Whoever feeds comes before whom it feeds. */
  readonly nodes: readonly ShapeNode[]
}

export interface Topic {
  readonly name: string
  readonly partitions: number
  /** How many of them appear while the job runs. */
  readonly latePartitions: number
  readonly pace: Pace
  /** All its records are there before the job starts, and the source reads no others. */
  readonly isBounded: boolean
  /** Some records are appended twice. */
  readonly repeats: boolean
  readonly keys: number
}

/** When producers append: all at once, quickly, all the time, a few now and then, never. */
export type Pace = 'burst' | 'fast' | 'steady' | 'slow' | 'never'

export type ShapeNode = Placed & Work

export interface Placed {
  readonly id: string
  readonly inputs: readonly InputOf[]
  /** The job's unless said. */
  readonly parallelism?: number
  /** Results depend on its parallelism. */
  readonly isFixed?: boolean
  readonly chaining?: 'never' | 'head'
}

/** Several inputs are a union. */
export interface InputOf {
  /** A node's id, and for a `join` its port: `join3.total`. */
  readonly from: string
  /** Forward, or rebalance where parallelism differs, unless said. To keyed nodes by key. */
  readonly by?: Travel
  /** Of a `join`. */
  readonly port?: 'left' | 'right'
}

export type Travel = 'rebalance' | 'rescale' | 'broadcast' | 'global' | 'custom'

/** How a key is written: as the field that it is, which a keyed sink may find out, or as something else. */
export type KeyForm = 'field' | 'text' | 'tuple'

export type Work =
  | SourceWork
  | ({ readonly kind: 'map' } & Mapping)
  | ({ readonly kind: 'filter' } & Sieve)
  | { readonly kind: 'flat-map'; readonly most: number; readonly isGenerator: boolean }
  // rows of rows, by key
  | { readonly kind: 'numbered'; readonly as: 'count' | 'sum' | 'reduce' | 'process'; readonly form: KeyForm }
  | { readonly kind: 'distinct'; readonly yields: boolean }
  | { readonly kind: 'delayed'; readonly delayMs: number; readonly form: KeyForm; readonly yields: boolean }
  // levels, of rows or of levels
  | LevelWork
  | ({ readonly kind: 'scaled' } & Scale)
  // rows and levels of two streams at once, in the explicit layer: ports `numbered` and `total`
  | { readonly kind: 'join'; readonly delayMs?: number }
  // ends
  | { readonly kind: 'append'; readonly table: string; readonly guarantee: Guarantee }
  | { readonly kind: 'upsert'; readonly table: string; readonly guarantee: Guarantee }

export interface SourceWork {
  readonly kind: 'source'
  readonly topic: string
  readonly isBounded: boolean
  readonly discover: Duration | false | undefined
  readonly group: string | undefined
  readonly isolation: 'read-committed' | 'read-uncommitted' | undefined
  readonly fetch: KafkaFetch | undefined
}

export interface LevelWork {
  readonly kind: 'level'
  readonly of: Combining
  /** 'count': how many, whatever their values. 'timer': some time after each record; 'quiet': when so long none came. The others with each record. */
  readonly as: 'field' | 'count' | 'reduce' | 'process' | 'timer' | 'quiet'
  readonly form: KeyForm
  readonly delayMs: number
  /** Of 'field', 'count' and 'reduce': senders combine for so long. */
  readonly combine?: Duration
}

/** The same, but that its senders combine, where they can; or combine for another time. */
export function combining<Node extends LevelWork>(node: Node, dice: Dice): Node {
  const isAggregation = node.as === 'field' || node.as === 'count' || node.as === 'reduce'
  return isAggregation ? { ...node, combine: `${dice.scaled(1, 3_000)}ms` } : node
}

/** Keeps the order of values; of keys too, unless it folds them. */
export interface Scale {
  readonly times: number
  readonly plus: number
  readonly keys?: number
}

export type Guarantee = 'exactly-once' | 'at-least-once'

/** The same shape for the same random numbers. */
export function shapeOf(random: Random): Shape {
  const dice = new Dice(random)
  const layer = dice.chance(0.2) ? 'topology' : 'flow'
  const options = drawOptions(dice)
  const topics = drawTopics(dice)
  const nodes = new Sketch(dice, layer, options.checkpoint?.mode ?? 'exactly-once').draw(topics)
  return { name: 'shape', layer, options, readsParams: dice.chance(0.2), topics, nodes }
}

/** The same, but that no checkpoint which fails, and no time that runs out, ends an attempt. */
export function tolerant(shape: Shape): Shape {
  const { options } = shape
  return {
    ...shape,
    options: { ...options, checkpoint: { ...options.checkpoint, tolerableFailures: 1_000 } },
  }
}

/** Never finishes: a source reads on for ever. */
export function isEndless({ topics }: Shape): boolean {
  return topics.some(({ isBounded }) => !isBounded)
}
