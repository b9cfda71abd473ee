import { HeapKeyedState } from '#src/state/heap-keyed-state.js'
import type { BlobName, PartStore } from '#src/state/snapshot.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { contendersOf, type Run } from './contenders.js'
import { type Round, steadyState } from './steady-state.js'

const KEYS = 100_000

export const keyedState: Benchmark = {
  name: 'keyed-state',
  question: 'How many counters a second are raised, of a hundred thousand keys?',
  unit: 'updates',
  async prepare(scale) {
    return {
      configuration: { keys: KEYS, maxParallelism: 128 },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare Map', aim: 0.8, floor: 0.2 }],
    }
  },
}

/** Takes everything at once, and keeps nothing. */
const STORE: PartStore = {
  put: async (name) => ({ blob: name as BlobName, offset: 0, bytes: 0, hash: '' }),
  delete: async () => {},
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake() {
    const { raise } = retakeCounters()
    return () => raised(raise)
  },
  /** Every key that changes while a snapshot is taken leaves its old value there. */
  'retake, snapshots all the time'() {
    const { state, raise } = retakeCounters()
    let capture = state.capture(STORE)
    return () => {
      const count = raised(raise)
      if (capture.slice()) capture = state.capture(STORE)
      return count
    }
  },
  'bare Map'() {
    const counts = new Map<string, number>()
    return () => raised((key) => counts.set(key, (counts.get(key) ?? 0) + 1))
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function retakeCounters(): { state: HeapKeyedState; raise: (key: string) => void } {
  const state = new HeapKeyedState({ maxParallelism: 128, parallelism: 1, subtask: 0, where: 'bench' })
  const count = state.value<number>('count')
  const raise = (key: string) => {
    state.setCurrentKey(key)
    count.set((count.get() ?? 0) + 1)
  }
  return { state, raise }
}

const NAMES = Array.from({ length: KEYS }, (_, i) => `user-${i}`)
let next = 0

function raised(raise: (key: string) => void): number {
  for (let i = 0; i < 10_000; i++) {
    next = (next + 7_919) % KEYS
    raise(NAMES[next]!)
  }
  return 10_000
}
