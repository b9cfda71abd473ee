import { isDeepStrictEqual } from 'node:util'
import { getHeapStatistics } from 'node:v8'
import { IndexedRandom } from '#src/kit/indexed-random.js'
import { damaged } from './damage.js'
import { ALLOCATED_MAX, type Decoder, type Sample } from './decoder.js'
import { chance } from './draw.js'

/** What one execution showed. */
export interface Verdict {
  /** Of the damaged bytes. */
  readonly outcome: 'decoded' | 'refused'
  /** What is wrong, in a sentence; undefined: nothing. */
  readonly find: string | undefined
}

/** Of the processor: whoever takes longer hangs, or soon would. */
const SLOW_MS = 1_000

/**
 * Execution number `index` of `decoder` under `seed`: the same for ever, whatever was executed before.
 *
 * A valid input is read as what was written. A damaged one is refused in a way that its caller expects, or is read as
 * something that might have been written; in little time and memory; and afterwards valid ones are read as before, and
 * no prototype has got new fields.
 */
export function execute(decoder: Decoder, seed: number, index: number): Verdict {
  const random = new IndexedRandom(seed).at(index)
  const sample = sampleOf(decoder, random)
  const misread = misreadOf(decoder, sample)
  if (misread !== undefined) return { outcome: 'decoded', find: `a valid input ${misread}` }
  const bytes = damagedBytes(decoder, sample, random)
  const { outcome, find } = read(decoder, bytes)
  const after = find ?? pollution() ?? misreadOf(decoder, sample)
  if (after === undefined || find !== undefined) return { outcome, find }
  return { outcome, find: `after damaged bytes ${after}` }
}

/** The bytes that execution `index` reads, to be kept with a find. */
export function damagedBytesOf(decoder: Decoder, seed: number, index: number): Uint8Array {
  const random = new IndexedRandom(seed).at(index)
  return damagedBytes(decoder, sampleOf(decoder, random), random)
}

/** Its bytes are no Buffer, whose `slice` would be a view. */
function sampleOf(decoder: Decoder, random: IndexedRandom): Sample<unknown> {
  const { bytes, value } = decoder.sample(random)
  return { bytes: Uint8Array.from(bytes), value }
}

function damagedBytes(decoder: Decoder, sample: Sample<unknown>, random: IndexedRandom): Uint8Array {
  if (decoder.damage !== undefined && chance(random, 0.6)) return decoder.damage(random, sample)
  return damaged(random, sample.bytes, sampleOf(decoder, random).bytes)
}

/** Reads `bytes`, which nobody vouches for. */
export function read(decoder: Decoder, bytes: Uint8Array): Verdict {
  const allocatedBefore = allocated()
  const startedAt = performance.now()
  const { outcome, find } = attempt(decoder, bytes)
  if (find !== undefined) return { outcome, find }
  const grown = allocated() - allocatedBefore
  const allowed = (decoder.allocatedMax ?? ALLOCATED_MAX)(bytes.length)
  if (grown > allowed) {
    return { outcome, find: `${bytes.length} bytes make it allocate ${grown}, more than ${allowed}` }
  }
  if (performance.now() - startedAt < SLOW_MS || !isSlow(decoder, bytes)) return { outcome, find: undefined }
  return { outcome, find: `${bytes.length} bytes take it more than ${SLOW_MS} ms` }
}

function attempt(decoder: Decoder, bytes: Uint8Array): Verdict {
  try {
    const value = decoder.decode(bytes.slice())
    const fault = decoder.faultOf?.(value)
    return { outcome: 'decoded', find: fault === undefined ? undefined : `damaged bytes become ${fault}` }
  } catch (error) {
    if (decoder.isRefusal(error)) return { outcome: 'refused', find: undefined }
    const stack = error instanceof Error ? error.stack : String(error)
    return { outcome: 'refused', find: `damaged bytes make it throw ${stack}` }
  }
}

/** By the clock another program may have had the processor. */
function isSlow(decoder: Decoder, bytes: Uint8Array): boolean {
  const before = process.cpuUsage()
  attempt(decoder, bytes)
  const { user, system } = process.cpuUsage(before)
  return user + system >= SLOW_MS * 1_000
}

function misreadOf(decoder: Decoder, { bytes, value }: Sample<unknown>): string | undefined {
  try {
    const read = decoder.decode(bytes.slice())
    return isDeepStrictEqual(read, value) ? undefined : `is read as ${shown(read)}, not ${shown(value)}`
  } catch (error) {
    return `is refused: ${error instanceof Error ? error.stack : error}`
  }
}

const PROTOTYPES = [Object.prototype, Array.prototype, Map.prototype, String.prototype, Uint8Array.prototype]
const PROTOTYPE_NAMES = PROTOTYPES.map((prototype) => Object.getOwnPropertyNames(prototype).length)

function pollution(): string | undefined {
  const at = PROTOTYPES.findIndex(
    (prototype, i) => Object.getOwnPropertyNames(prototype).length !== PROTOTYPE_NAMES[i],
  )
  if (at < 0) return undefined
  return `a prototype has other fields: ${Object.keys(PROTOTYPES[at] ?? {})}`
}

/** Collected meanwhile or not: an upper bound is wanted, and what is large is not collected at once. */
function allocated(): number {
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}

function shown(value: unknown): string {
  const text =
    JSON.stringify(value, (_, held) => (typeof held === 'bigint' ? `${held}n` : held)) ?? String(value)
  return text.length > 300 ? `${text.slice(0, 300)}…` : text
}
