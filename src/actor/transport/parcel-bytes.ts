import { Packr } from 'msgpackr'
import { assert } from '../../kit/assert.js'
import { RetakeError } from '../../kit/errors.js'
import type { Address } from '../actor.js'
import type { Parcel } from './transport.js'

/** Everything but frames, which are bytes already. */
export type ControlParcel = Exclude<Parcel, { kind: 'frame' }>

/**
 * The bytes of a control parcel. Whom it is for is said by the subject, not here.
 *
 *     0  u8   version of this layout
 *     1  u8   kind
 *     2  u16  length of `from` (little endian, as all numbers)
 *     4  f64  correlation
 *    12  …    from, then the body in msgpack
 *
 * A body stands by itself: the shapes of its objects are written inside it and nothing is shared between messages, as
 * a shared table that two sides have grown apart decodes to wrong values without an error. Typed arrays are copied out.
 */
const VERSION = 1
const HEADER_BYTES = 12
const KINDS = ['tell', 'ask', 'answer', 'signal'] as const satisfies ControlParcel['kind'][]

const packr = new Packr({
  useRecords: true, // without them a Map would come back as an object
  mapsAsObjects: false,
  moreTypes: true,
  useBigIntExtension: true,
  copyBuffers: true,
})

export function encodeParcel(parcel: ControlParcel): Uint8Array {
  const body = encodeBody(parcel)
  const from = 'from' in parcel ? parcel.from : ''
  const bytes = Buffer.allocUnsafeSlow(HEADER_BYTES + from.length + body.length)
  bytes[0] = VERSION
  bytes[1] = KINDS.indexOf(parcel.kind)
  bytes.writeUInt16LE(from.length, 2)
  bytes.writeDoubleLE('correlation' in parcel ? parcel.correlation : 0, 4)
  bytes.write(from, HEADER_BYTES, 'latin1')
  bytes.set(body, HEADER_BYTES + from.length)
  return bytes
}

/** Throws for bytes that `encodeParcel` did not write; keeps nothing of them. */
export function decodeParcel(to: Address, bytes: Uint8Array): ControlParcel {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  assert(view.length > HEADER_BYTES && view[0] === VERSION, 'a parcel begins with its version', {
    version: view[0],
    bytes: view.length,
  })
  const fromEnd = HEADER_BYTES + view.readUInt16LE(2)
  assert(fromEnd < view.length, 'a parcel has a body', { fromEnd, bytes: view.length })
  const from = view.toString('latin1', HEADER_BYTES, fromEnd) as Address
  const correlation = view.readDoubleLE(4)
  const body: unknown = packr.unpack(view.subarray(fromEnd))
  const kind = KINDS[view[1] ?? KINDS.length]
  switch (kind) {
    case 'tell':
      return { kind, to, body }
    case 'ask':
      return { kind, to, from, correlation, body }
    case 'answer':
      return { kind, to, correlation, body }
    case 'signal':
      return { kind, to, from, body }
    default:
      throw new RangeError(`no kind of parcel has the number ${view[1]}`)
  }
}

function encodeBody(parcel: ControlParcel): Uint8Array {
  try {
    return packr.pack(parcel.body)
  } catch (cause) {
    throw new RetakeError('RT1508', {
      what: `the ${parcel.kind} to ${parcel.to} cannot be written as bytes`,
      why: cause instanceof RangeError ? 'it refers to itself, or is nested too deep' : String(cause),
      fix: 'send plain data: no functions, no symbols, no cycles',
      where: parcel.to,
      cause,
    })
  }
}
