import { assert } from './assert.js'
import type { KeyGroup } from './ids.js'
import type { Key } from './key.js'
import { keyHash } from './key-hash.js'
import { LIMITS } from './limits.js'

/**
 * Which subtask a key belongs to. Keys are dealt into key groups, as many as max parallelism, for ever; groups are
 * dealt to subtasks in contiguous ranges, anew at every parallelism. The formulas are Flink's.
 */
export function keyGroupOf(key: Key, maxParallelism: number): KeyGroup {
  return groupOfHash(keyHash(key), maxParallelism)
}

/** The same of a key's hash, signed. */
export function groupOfHash(hash: number, maxParallelism: number): KeyGroup {
  const word = hash >>> 0
  // The remainder: exact, as both are below 2^32, and in V8 a quarter of the cost of `%`, which it takes for doubles here.
  return (word - Math.floor(word / maxParallelism) * maxParallelism) as KeyGroup
}

export function subtaskOfGroup(group: number, parallelism: number, maxParallelism: number): number {
  return Math.floor((group * parallelism) / maxParallelism)
}

/** Inclusive; the ranges of all subtasks cover every group once. */
export interface GroupRange {
  readonly first: number
  readonly last: number
}

export function groupRangeOf(subtask: number, parallelism: number, maxParallelism: number): GroupRange {
  assert(parallelism <= maxParallelism, 'a subtask has a key group at least', { parallelism, maxParallelism })
  assert(subtask >= 0 && subtask < parallelism, 'a subtask is one of its vertex', { subtask, parallelism })
  return {
    first: Math.floor((subtask * maxParallelism + parallelism - 1) / parallelism),
    last: Math.floor(((subtask + 1) * maxParallelism - 1) / parallelism),
  }
}

/** Half as many again, up to the next power of two, 128 at least: room to grow, at little cost. */
export function defaultMaxParallelism(parallelism: number): number {
  const wished = parallelism + Math.floor(parallelism / 2)
  const power = 2 ** Math.ceil(Math.log2(wished))
  return Math.min(Math.max(power, 128), LIMITS.maxParallelism)
}
