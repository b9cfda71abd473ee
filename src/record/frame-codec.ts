import { crc32 } from 'node:zlib'
import { assertNever } from '../kit/assert.js'
import { RetakeError } from '../kit/errors.js'
import type { Attempt, ChannelIndex, CheckpointId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { Element, Frame } from './element.js'
import { decodeRows, encodeRows } from './row-codec.js'
import { packValue, unpackValue } from './value-codec.js'

export interface EncodeOptions {
  /** Adds a checksum of the body. */
  readonly checksum?: boolean | undefined
  /** Names the operator in errors. */
  readonly where?: string | undefined
}

/**
 * The bytes of a frame: a header of 36 bytes, little-endian, and a body.
 *
 *      0  u16  magic 0x5452 ('RT')
 *      2  u8   version, 1
 *      3  u8   kind: 1 records, 2 barrier, 3 end of input, 16 hello, 17 grant, 18 beacon
 *      4  u8   flags: 1 the body has a checksum, 2 its records are rows
 *      5  3    zero
 *      8  u32  channel
 *     12  u32  attempt
 *     16  f64  sequence of an element, last sequence of a beacon, frames of a grant
 *     24  u32  count: of records, of aborted checkpoints
 *     28  u32  length of the body
 *     32  u32  crc32 of the body, or zero
 *     36  …    records: rows of one shape (`row-codec.ts`), else msgpack, an array with its shapes inline (`value-codec.ts`)
 *              barrier: f64 checkpoint, f64 for each aborted one;   grant: f64 bytes, f64 received
 *
 * Every frame can be read by itself. Reading trusts nothing: whatever was not written here is RT1521.
 */
export function encodeFrame(frame: Frame, options: EncodeOptions = {}): Uint8Array {
  switch (frame.kind) {
    case 'element':
      return encodeElement(frame, options)
    case 'hello':
      return sealed(KIND.hello, frame, 0, 0, EMPTY, options)
    case 'beacon':
      return sealed(KIND.beacon, frame, frame.lastSequence, 0, EMPTY, options)
    case 'grant':
      return sealed(KIND.grant, frame, frame.frames, 0, doubles(frame.bytes, [frame.received]), options)
    default:
      return assertNever(frame)
  }
}

export function decodeFrame(bytes: Uint8Array): Frame {
  const header = readHeader(bytes)
  const { channel, attempt, sequence } = header
  switch (header.kind) {
    case KIND.hello:
      return { kind: 'hello', channel, attempt }
    case KIND.beacon:
      return { kind: 'beacon', channel, attempt, lastSequence: sequence }
    case KIND.grant: {
      const body = bodyView(bytes)
      if (body.byteLength !== 16) throw corrupt('a grant has 16 bytes', { bytes: body.byteLength })
      const [granted, received] = [body.getFloat64(0, true), body.getFloat64(8, true)]
      if (!isCount(granted) || !isCount(received))
        throw corrupt('a grant counts bytes and frames', { granted, received })
      return { kind: 'grant', channel, attempt, frames: sequence, bytes: granted, received }
    }
    default:
      return {
        kind: 'element',
        channel,
        attempt,
        sequence,
        bytes: bytes.byteLength,
        element: decodeElement(header, bytes),
      }
  }
}

export const HEADER_BYTES = 36
const MAGIC = 0x5452
const VERSION = 1
const CHECKSUM = 1
const ROWS = 2
const EMPTY = new Uint8Array(0)

export const KIND = { records: 1, barrier: 2, endOfInput: 3, hello: 16, grant: 17, beacon: 18 } as const
const KINDS: ReadonlySet<number> = new Set(Object.values(KIND))
type Kind = (typeof KIND)[keyof typeof KIND]

/** What can be known of a frame without reading its body. */
export interface FrameHeader {
  readonly kind: Kind
  readonly channel: ChannelIndex
  readonly attempt: Attempt
  readonly sequence: number
  readonly count: number
  /** Of records: whether they are rows. */
  readonly areRows: boolean
}

/** Checks everything but the body's own contents. */
export function readHeader(bytes: Uint8Array): FrameHeader {
  const length = bytes.byteLength
  if (length < HEADER_BYTES) throw corrupt('a frame has a header', { bytes: length })
  if (length > LIMITS.frameBytesMax) throw corrupt('a frame stays below its limit', { bytes: length })
  const view = new DataView(bytes.buffer, bytes.byteOffset, length)
  const [magic, version, kind, flags] = [view.getUint16(0, true), bytes[2]!, bytes[3]!, bytes[4]!]
  if (magic !== MAGIC) throw corrupt('a frame begins with its magic', { magic })
  if (version !== VERSION) throw corrupt('the version of a frame is known', { version })
  if (!isKind(kind)) throw corrupt('the kind of a frame is known', { kind })
  if (flags > (CHECKSUM | ROWS)) throw corrupt('the flags of a frame are known', { flags })
  const body = view.getUint32(28, true)
  if (body !== length - HEADER_BYTES) throw corrupt('a frame is as long as it says', { body, length })
  const sequence = view.getFloat64(16, true)
  if (!isCount(sequence)) throw corrupt('a sequence is a number', { sequence })
  if ((flags & CHECKSUM) !== 0 && crc32(bytes.subarray(HEADER_BYTES)) !== view.getUint32(32, true)) {
    throw corrupt('a body has the checksum of its header', { channel: view.getUint32(8, true), sequence })
  }
  return {
    kind,
    channel: view.getUint32(8, true) as ChannelIndex,
    attempt: view.getUint32(12, true) as Attempt,
    sequence,
    count: view.getUint32(24, true),
    areRows: (flags & ROWS) !== 0,
  }
}

/** Puts the sequence into an encoded element: it is known when the frame is sent, its bytes when a batch is closed. */
export function stampSequence(bytes: Uint8Array, sequence: number): void {
  new DataView(bytes.buffer, bytes.byteOffset).setFloat64(16, sequence, true)
}

/** The element of a frame whose header has been read. */
export function decodeElement(header: FrameHeader, bytes: Uint8Array): Element {
  switch (header.kind) {
    case KIND.records:
      return { kind: 'records', records: decodeRecords(header, bytes) }
    case KIND.barrier: {
      const body = bodyView(bytes)
      if (body.byteLength !== 8 * (header.count + 1))
        throw corrupt('a barrier lists its checkpoints', { count: header.count })
      const ids: CheckpointId[] = []
      for (let at = 0; at < body.byteLength; at += 8) {
        const id = body.getFloat64(at, true)
        if (!isCount(id)) throw corrupt('a checkpoint has a number', { id })
        ids.push(id as CheckpointId)
      }
      return { kind: 'barrier', checkpoint: ids[0]!, aborted: ids.slice(1) }
    }
    case KIND.endOfInput:
      return { kind: 'end-of-input' }
    default:
      throw corrupt('a frame carries an element', { kind: header.kind })
  }
}

function decodeRecords(header: FrameHeader, bytes: Uint8Array): readonly unknown[] {
  let records: unknown
  try {
    const body = bytes.subarray(HEADER_BYTES)
    records = header.areRows ? decodeRows(body, header.count) : unpackValue(body)
  } catch (cause) {
    throw corrupt(
      'the body of a frame can be read',
      { channel: header.channel, sequence: header.sequence },
      cause,
    )
  }
  if (Array.isArray(records) && records.length === header.count) return records
  throw corrupt('a frame has as many records as it says', { count: header.count })
}

function encodeElement(frame: Extract<Frame, { kind: 'element' }>, options: EncodeOptions): Uint8Array {
  const { element, sequence } = frame
  switch (element.kind) {
    case 'records': {
      const { records } = element
      const rows = encodeRows(records)
      const body = rows ?? packValue(records, options.where)
      const bytes = sealed(KIND.records, frame, sequence, records.length, body, options)
      if (rows !== undefined) bytes[4]! |= ROWS
      return bytes
    }
    case 'barrier':
      return sealed(
        KIND.barrier,
        frame,
        sequence,
        element.aborted.length,
        doubles(element.checkpoint, element.aborted),
        options,
      )
    case 'end-of-input':
      return sealed(KIND.endOfInput, frame, sequence, 0, EMPTY, options)
    default:
      return assertNever(element)
  }
}

/** Header and body in a buffer of their own, which can be given away to another thread. */
function sealed(
  kind: Kind,
  { channel, attempt }: { readonly channel: ChannelIndex; readonly attempt: Attempt },
  sequence: number,
  count: number,
  body: Uint8Array,
  options: EncodeOptions,
): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, MAGIC, true)
  bytes[2] = VERSION
  bytes[3] = kind
  view.setUint32(8, channel, true)
  view.setUint32(12, attempt, true)
  view.setFloat64(16, sequence, true)
  view.setUint32(24, count, true)
  view.setUint32(28, body.byteLength, true)
  bytes.set(body, HEADER_BYTES)
  if (options.checksum === true) {
    bytes[4]! |= CHECKSUM
    view.setUint32(32, crc32(body), true)
  }
  return bytes
}

function doubles(first: number, others: readonly number[]): Uint8Array {
  return new Uint8Array(new Float64Array([first, ...others]).buffer)
}

function bodyView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset + HEADER_BYTES, bytes.byteLength - HEADER_BYTES)
}

function isKind(kind: number): kind is Kind {
  return KINDS.has(kind)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function corrupt(claim: string, seen: Readonly<Record<string, unknown>>, cause?: unknown): RetakeError {
  return new RetakeError('RT1521', {
    what: `a frame is damaged: ${claim}, but this one has ${JSON.stringify(seen)}`,
    why: 'the bytes that arrived are not those that a sender of this version writes',
    fix: 'nothing to do: the job restarts from its last checkpoint; if it happens again, see that all nodes run one version',
    cause,
  })
}
