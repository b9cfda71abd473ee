import { crc32 } from 'node:zlib'
import type { CanonicalKey } from '#src/kit/key.js'
import type { Random } from '#src/kit/random.js'
import { packValue, unpackValue } from '#src/record/value-codec.js'
import { decodeGroup, GroupChunk, type GroupContent } from '#src/state/group-chunk.js'
import {
  damaged as damagedPart,
  type EncodedChunk,
  readKeyedPart,
  writeKeyedPart,
} from '#src/state/keyed-part.js'
import { ValueList } from '#src/state/value-list.js'
import { damaged } from '../damage.js'
import { damagedValue } from '../damaged-value.js'
import { type Decoder, refusedWith } from '../decoder.js'
import { between, chance, few, listOf, pick, scalar, text, value } from '../draw.js'
import { rows } from './frame.js'

const HEADER_BYTES = 16
const ALL = { first: 0, last: 127 }

interface Content {
  readonly maxParallelism: number
  readonly keyType: string | undefined
  readonly states: readonly string[]
  readonly groups: readonly (readonly [group: number, content: Group])[]
}

interface Group {
  readonly states: readonly State[]
  readonly timers: GroupContent['timers']
}

interface State {
  readonly position: number
  readonly keys: readonly CanonicalKey[]
  readonly values: readonly unknown[]
}

/**
 * Keyed state in the store: an index, and a chunk for each key group. Parts have a hash in the manifest, so what is
 * tried behind their checksums is that nothing hangs, grows or stays behind.
 */
export const keyedPart: Decoder<Content> = {
  name: 'keyed-part',
  sample(random) {
    const states = ['count', 'seen']
    const groups = listOf(random, 5, () => 0).map((_, i) => [i * 3, drawnGroup(random)] as const)
    const chunks = groups.map(([group, content]) => chunkOf(group, encoded(group, content)))
    const bytes = Buffer.concat(writeKeyedPart({ maxParallelism: 128, keyType: 'string', states, chunks }))
    return { bytes, value: { maxParallelism: 128, keyType: 'string', states, groups } }
  },
  decode(bytes) {
    const { chunks, ...head } = readKeyedPart(bytes, 'a part', ALL)
    return {
      ...head,
      groups: chunks.map(({ group, bytes }) => [group, decoded(bytes, head.states.length)] as const),
    }
  },
  isRefusal: refusedWith('RT1203', 'RT1221'),
  /** Damages a chunk, or the index, and gives it the checksum that it would have then. */
  damage(random, { bytes }) {
    const { chunks, ...head } = readKeyedPart(bytes, 'a part', ALL)
    if (chance(random, 0.5) && chunks.length > 0) {
      const at = between(random, 0, chunks.length - 1)
      const other = pick(random, chunks).bytes
      const changed = chunks.map((chunk, i) =>
        i === at ? chunkOf(chunk.group, damaged(random, chunk.bytes, other)) : chunk,
      )
      return Buffer.concat(writeKeyedPart({ ...head, chunks: changed }))
    }
    const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(8, true)
    const index = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)
    const changed = chance(random, 0.5)
      ? packValue(damagedValue(random, unpackValue(index))).slice()
      : damaged(random, index, index)
    const front = bytes.slice(0, HEADER_BYTES)
    const view = new DataView(front.buffer)
    view.setUint32(8, changed.length, true)
    view.setUint32(12, crc32(changed), true)
    return Buffer.concat([front, changed, bytes.subarray(HEADER_BYTES + length)])
  },
}

function chunkOf(group: number, bytes: Uint8Array): EncodedChunk {
  return { group, bytes, crc: crc32(bytes) }
}

function encoded(group: number, { states, timers }: Group): Uint8Array {
  const chunk = new GroupChunk(group)
  for (const { position, keys, values } of states) {
    const list = new ValueList({ shape: undefined })
    for (const [i, value] of values.entries()) {
      list.push(value)
      chunk.addValue(position, keys[i]!, list, i)
    }
  }
  for (const [key, at, tag] of timers)
    chunk.addTimer({ key, at, tag } as Parameters<GroupChunk['addTimer']>[0])
  return Uint8Array.from(chunk.encode('an operator'))
}

/** As the state reads a chunk, which tells what it cannot read in its own words. */
function decoded(bytes: Uint8Array, count: number): Group {
  let content: GroupContent
  try {
    content = decodeGroup(bytes, count)
  } catch (cause) {
    throw damagedPart('a part', 'a key group cannot be read', cause)
  }
  const { states, timers } = content
  const asRows = states.map(({ position, keys, ...loaded }) => {
    const list = new ValueList({ shape: undefined })
    list.pushAll(loaded)
    return { position, keys, values: keys.map((_, i) => list.at(i)) }
  })
  return { states: asRows, timers }
}

function drawnGroup(random: Random): Group {
  const kinds = [
    () => rows(random),
    () => listOf(random, 9, () => value(random, 2)),
    () => listOf(random, 9, () => scalar(random)),
  ]
  const state = (position: number): State => {
    const values = pick(random, kinds)()
    return { position, keys: values.map((_, i) => `${text(random, 8)}${i}`), values }
  }
  const timer = () =>
    [text(random), few(random, 1e9), chance(random, 0.5) ? undefined : text(random)] as const
  return {
    states: [state(0), state(1)].filter(({ keys }) => keys.length > 0),
    timers: listOf(random, 4, timer),
  }
}
