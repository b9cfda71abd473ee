import { partitionerOf } from '#src/channel/partitioner.js'
import { murmurOf } from '../jobs/bare-hash.js'
import type { Click } from '../jobs/clicks.js'
import type { Benchmark } from '../suite/benchmark.js'
import type { Sample } from '../suite/sample.js'
import { BATCH_RECORDS, clickBatch } from './click-batch.js'
import { contendersOf, type Run } from './contenders.js'
import { type Round, steadyState } from './steady-state.js'

const CHANNELS = 4
const MAX_PARALLELISM = 128

export const partitioner: Benchmark = {
  name: 'partitioner',
  question: 'How many records a second are dealt to channels by the hash of their key?',
  unit: 'records',
  async prepare(scale) {
    return {
      configuration: { channels: CHANNELS, maxParallelism: MAX_PARALLELISM, batchRecords: BATCH_RECORDS },
      contenders: contendersOf(import.meta.url, Object.keys(ROUNDS), scale),
      targets: [{ kind: 'ratio', of: 'retake', over: 'bare loop', aim: 0.9, floor: 0.25 }],
    }
  },
}

const ROUNDS: Readonly<Record<string, () => Round>> = {
  retake() {
    const spec = { kind: 'hash', keyOf: (record: unknown) => (record as Click).userId } as const
    const hash = partitionerOf(spec, { channels: CHANNELS, subtask: 0, maxParallelism: MAX_PARALLELISM })
    return dealt((records, targets) => hash.partition(records, targets))
  },
  /** Murmur3 of text that is all ASCII, and no check of what a key is. */
  'bare loop'() {
    const groupsEach = MAX_PARALLELISM / CHANNELS
    return dealt((records, targets) => {
      for (let i = 0; i < records.length; i++) {
        const record = records[i]!
        const group = (murmurOf(record.userId) >>> 0) % MAX_PARALLELISM
        targets[Math.floor(group / groupsEach)]!.push(record)
      }
    })
  },
}

export function measure({ contender, seconds }: Run): Promise<Sample> {
  return steadyState(seconds, ROUNDS[contender]!())
}

function dealt(partition: (records: readonly Click[], targets: Click[][]) => void): Round {
  const records = clickBatch()
  return () => {
    let count = 0
    for (let i = 0; i < 200; i++) {
      const targets: Click[][] = Array.from({ length: CHANNELS }, () => [])
      partition(records, targets)
      for (const target of targets) count += target.length
    }
    return count
  }
}
