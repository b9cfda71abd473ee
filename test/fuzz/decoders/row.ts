import { decodeRows, encodeRows } from '#src/record/row-codec.js'
import { damagedFrom } from '../damage.js'
import type { Decoder } from '../decoder.js'
import { chance, pick } from '../draw.js'
import { rows } from './frame.js'

const COUNT_BYTES = 4

/** Rows alone, behind their number (u32): frames and key groups hold such. Whoever reads them catches all. */
export const row: Decoder<readonly unknown[]> = {
  name: 'row',
  sample(random) {
    const value = [{ id: 0 }, ...rows(random).map(() => ({ id: 1 }))].slice(1)
    const drawn = [...rows(random)]
    const records = drawn.length > 0 ? drawn : value.length > 0 ? value : [{ id: null }]
    const encoded = encodeRows(records)
    if (encoded === undefined) throw new Error('these are rows')
    const bytes = new Uint8Array(COUNT_BYTES + encoded.length)
    new DataView(bytes.buffer).setUint32(0, records.length, true)
    bytes.set(encoded, COUNT_BYTES)
    return { bytes, value: records }
  },
  decode(bytes) {
    if (bytes.length < COUNT_BYTES) throw new RangeError('it has a number')
    const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true)
    return decodeRows(bytes.subarray(COUNT_BYTES), count)
  },
  isRefusal: () => true,
  damage(random, { bytes }) {
    const damaged = damagedFrom(random, bytes, COUNT_BYTES, this.sample(random).bytes)
    if (chance(random, 0.2))
      new DataView(damaged.buffer).setUint32(0, pick(random, [0, 1, 2 ** 32 - 1]), true)
    return damaged
  },
  faultOf(rows) {
    const isRow = (row: unknown) => Object.getPrototypeOf(row) === Object.prototype
    return rows.every(isRow) ? undefined : 'rows that are no plain objects'
  },
}
