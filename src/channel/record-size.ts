import { LIMITS } from '../kit/limits.js'

/**
 * How many records make a batch: enough for about `LIMITS.batchBytes`, by a moving average over a sample of what
 * passes. An estimate is good enough, because a frame that grows too large is split when it is encoded.
 */
export class RecordSize {
  #average = 0

  get averageBytes(): number {
    return this.#average
  }

  /** Records that make a batch. */
  get batchRecords(): number {
    if (this.#average === 0) return 1
    return Math.max(1, Math.min(LIMITS.batchRecords, Math.ceil(LIMITS.batchBytes / this.#average)))
  }

  /** One in sixteen is looked at, the first of each batch among them. */
  onRecords(records: readonly unknown[]): void {
    for (let i = 0; i < records.length; i += 16) this.onRecord(records[i])
  }

  onRecord(record: unknown): void {
    const bytes = estimatedBytes(record)
    this.#average = this.#average === 0 ? bytes : this.#average + (bytes - this.#average) / 8
  }
}

/** Parts of a record that are looked at; what lies behind them is taken to be like them. */
const PARTS_MAX = 64

/** About how many bytes `value` takes in a frame, where names of fields are written once. At least 1. */
function estimatedBytes(value: unknown, depth = 0): number {
  switch (typeof value) {
    case 'string':
      return 2 + value.length
    case 'number':
      return 5
    case 'bigint':
      return 9
    case 'object':
      return value === null ? 1 : estimatedObject(value, depth)
    default:
      return 1
  }
}

function estimatedObject(value: object, depth: number): number {
  if (ArrayBuffer.isView(value)) return 6 + value.byteLength
  if (value instanceof Date) return 11
  if (depth > 8) return 16
  if (Array.isArray(value)) return 3 + estimatedList(value, value.length, depth)
  if (value instanceof Map) return 3 + estimatedList(value.entries(), value.size, depth)
  if (value instanceof Set) return 3 + estimatedList(value, value.size, depth)
  let bytes = 2
  for (const name in value) bytes += estimatedBytes((value as Record<string, unknown>)[name], depth + 1)
  return bytes
}

function estimatedList(items: Iterable<unknown>, length: number, depth: number): number {
  let bytes = 0
  let seen = 0
  for (const item of items) {
    bytes += estimatedBytes(item, depth + 1)
    seen += 1
    if (seen === PARTS_MAX) return (bytes / seen) * length
  }
  return bytes
}
