import { crc32, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { crc32c } from '#src/connector/kafka/crc32c.js'
import { KafkaDeserializer } from '#src/connector/kafka/kafka-deserializer.js'
import type { KafkaMeta } from '#src/connector/kafka/kafka-meta.js'
import { RecordCursor } from '#src/connector/kafka/record-batch-decoder.js'
import { packValue } from '#src/record/value-codec.js'
import { writeKeyedPart } from '#src/state/keyed-part.js'
import { headerOf, recordBatch } from '../support/record-batch.js'
import type { Decoder } from './decoder.js'
import { bundleUpload } from './decoders/bundle-upload.js'
import { fetchResponse } from './decoders/fetch-response.js'
import { jobLog } from './decoders/job-log.js'
import { keyedPart } from './decoders/keyed-part.js'
import { lease } from './decoders/lease.js'
import { recordSet } from './decoders/record-set.js'
import { runHistory } from './decoders/run-history.js'
import { runRecord } from './decoders/run-record.js'
import { splitPositions } from './decoders/split-position.js'
import { stagedPiece } from './decoders/staged-piece.js'
import { read } from './execution.js'

const [GZIP, SNAPPY, ZSTD] = [1, 2, 4]
const STORE = '{"place":1,"nonce":"n","event":{"type":"submitted","run":"r","job":"j"},"after":'

/** What the fuzzer has found, the bytes cut down to what it takes; each broke something before it was mended. */
const FINDS: readonly (readonly [what: string, decoder: Decoder, bytes: Uint8Array])[] = [
  [
    'a literal of snappy of less than no length went round for ever',
    recordSet,
    batchOf(SNAPPY, hex('0afcfaffffff')),
  ],
  ['keys of a state that are no list were gone through', keyedPart, partOf([[[1, '', []]], []])],
  [
    'names of a row that are lists of lists were written down',
    keyedPart,
    partOf([[[0, [[[]]], 1, hex('0101')]], []]),
  ],
  ['a block of snappy that says four gigabytes got them', recordSet, batchOf(SNAPPY, hex('ffffffff0f00'))],
  ['gzip made a gigabyte of a megabyte', recordSet, batchOf(GZIP, gzipSync(Buffer.alloc(2 ** 28)))],
  ['zstd made it of four bytes a block', recordSet, batchOf(ZSTD, repeatedBlocks(4_096))],
  [
    'a frame of zstd that says two gigabytes got them',
    recordSet,
    batchOf(ZSTD, hex('28b52ffda0ffffff7e010000')),
  ],
  [
    'two thousand million headers were read behind the end of a record',
    recordSet,
    withRecord('00000002ff01ff01feffffff0f'),
  ],
  ['a header went on in the next record', recordSet, withRecord('000000010102fe7f61')],
  [
    'a time of more digits than there are was no number',
    recordSet,
    withRecord(`00${'ff'.repeat(400)}0000010100`),
  ],
  ['a marker without an end was read behind its batch', recordSet, marker()],
  ['a position went back', recordSet, Buffer.concat([batchAt(9), batchAt(3)])],
  ['a record stood behind its batch', recordSet, withRecord('0000c801010100')],
  ['a batch began before the log', recordSet, moved(batchAt(0), -5n)],
  ['a batch ended where numbers are not exact', recordSet, moved(batchAt(0), 2n ** 62n)],
  ['an answer that was cut short threw RangeError', fetchResponse, hex('04000000000000')],
  ['an answer that was cut short lost records without a word', fetchResponse, cutAnswer()],
  ['a split without a position threw TypeError', splitPositions, text('{"split":"clicks-0","owner":0}')],
  [
    'a split that is null threw TypeError',
    splitPositions,
    text('{"split":"generator-0","owner":0,"position":null}'),
  ],
  [
    'a file was read from before its beginning',
    splitPositions,
    text('{"split":"/f","owner":0,"position":{"path":"/f","offset":-1,"lines":0,"stop":9}}'),
  ],
  [
    'a checkpoint that is null threw TypeError',
    jobLog,
    text(`${STORE}{"run":"r","job":"j","epoch":0,"attempt":0,"retained":[null]}}`),
  ],
  [
    'a checkpoint was retained without its manifest',
    jobLog,
    text(`${STORE}{"run":"r","job":"j","epoch":0,"attempt":0,"retained":[{"checkpoint":1,"attempt":1}]}}`),
  ],
  ['a record of a run that is null was one', runRecord, text('null')],
  [
    'a bundle of no pieces threw SyntaxError in the job manager',
    bundleUpload,
    text('[{"hash":"h","index":-1,"pieces":0,"bytes":""}]'),
  ],
  ['a piece that is null threw TypeError in the job manager', bundleUpload, text('[null]')],
  [
    'a bundle that is no JSON threw SyntaxError in the job manager',
    bundleUpload,
    text('[{"hash":"h","index":0,"pieces":1,"bytes":"eA=="}]'),
  ],
  ['staged rows that are no JSON threw SyntaxError', stagedPiece, text('{')],
  [
    'a column that is null threw TypeError',
    stagedPiece,
    text('{"version":1,"columns":[null],"key":[],"rows":0,"arrays":[]}'),
  ],
]

test.each(FINDS)('%s: it is refused', (_, decoder, bytes) => {
  expect(read(decoder, bytes)).toEqual({ outcome: 'refused', find: undefined })
})

test('a lease of a system that is no token: nobody holds it', () => {
  const bytes = text('{"node":"n","name":"n","system":"a.b.>","isReleased":false}')
  expect(lease.decode(bytes)).toMatchObject({ node: 'nobody' })
})

test('a history with a day that there is not: it begins anew', () => {
  const bytes = text(
    '{"version":1,"attempts":[{"attempt":1,"from":0,"startedAt":1e300}],"checkpoints":[],"failures":[]}',
  )
  expect(runHistory.decode(bytes)).toBeUndefined()
})

test('a record with a hundred thousand headers of one name: they are read, and not each copied with all before it', () => {
  const headers = Array.from({ length: 100_000 }, () => ['h', ''] as const)
  const batch = recordBatch(0, [{ value: Buffer.from('v'), headers }])
  const record = (_: unknown, meta: KafkaMeta) => (meta.headers['h'] as unknown[]).length
  const deserializer = new KafkaDeserializer({ topic: 'clicks', format: 'string' }, { record })
  const cursor = new RecordCursor()
  cursor.start(batch.subarray(61), headerOf(batch))
  cursor.advance()

  const startedAt = performance.now()
  expect(deserializer.deserialize(cursor, 0)).toBe(100_000)
  expect(performance.now() - startedAt).toBeLessThan(2_000)
})

function text(json: string): Uint8Array {
  return new TextEncoder().encode(json)
}

function hex(digits: string): Buffer {
  return Buffer.from(digits, 'hex')
}

/** Keyed state of two states with one chunk, which holds `content`. */
function partOf(content: unknown): Uint8Array {
  const bytes = Uint8Array.from(packValue(content))
  const chunks = [{ group: 0, bytes, crc: crc32(bytes) }]
  return Buffer.concat(
    writeKeyedPart({ maxParallelism: 128, keyType: 'string', states: ['count', 'seen'], chunks }),
  )
}

/** One record's worth of a batch, of `body`, with the checksum that it has then. */
function batchOf(codec: number, body: Uint8Array): Buffer {
  const header = recordBatch(0, [{ value: Buffer.from('v') }]).subarray(0, 61)
  const batch = Buffer.concat([header, body])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(codec, 21)
  batch.writeUInt32BE(crc32c(batch, 21, batch.length), 17)
  return batch
}

/** A batch of one record, from its attributes on. */
function withRecord(digits: string): Buffer {
  const record = hex(digits)
  const length = Buffer.from([((2 * record.length) & 127) | 128, (2 * record.length) >> 7])
  return batchOf(0, Buffer.concat([length, record]))
}

function batchAt(offset: number): Buffer {
  return recordBatch(offset, [{ value: Buffer.from('v') }])
}

/** Where a batch begins is not covered by its checksum. */
function moved(batch: Buffer, offset: bigint): Buffer {
  batch.writeBigInt64BE(offset, 0)
  return batch
}

/** Of a producer whose transaction was aborted, with a key of two bytes. */
function marker(): Buffer {
  const options = { producer: { id: 9n }, isTransactional: true, isControl: true }
  return recordBatch(0, [{ key: Buffer.alloc(2), value: null }], options)
}

/** A frame of zstd without a size, of blocks that repeat one byte 128 KB. */
function repeatedBlocks(blocks: number): Buffer {
  const block = Buffer.alloc(4)
  block.writeUIntLE((131_072 << 3) | 2, 0, 3)
  const last = Buffer.from(block)
  last[0]! |= 1
  return Buffer.concat([hex('28b52ffd0038'), ...Array.from({ length: blocks }, () => block), last])
}

/** Version 4: one topic, one partition, whose records should have eight bytes and have four. */
function cutAnswer(): Buffer {
  const head = '04' + '00000000' + '00000001' + '000161' + '00000001' + '00000000' + '0000'
  return hex(`${head}${'0000000000000009'.repeat(2)}00000000${'00000008'}01020304`)
}
