import { describe, expect, test } from 'vitest'
import { batchHeaderAt, batchRecords, RecordCursor } from '#src/connector/kafka/record-batch-decoder.js'
import { type RecordToWrite, recordBatch } from '../../../support/record-batch.js'
import { fetched } from './fixture.js'

/** Simulations and doubles write batches of their own: what they prove holds only as far as these are Kafka's. */
describe('record batches of the tests', () => {
  test.each(['codec-uncompressed', 'shapes', 'transactions', 'zero-key', 'compacted'])(
    'when the records of %s are written again, then the bytes are those that a real broker stored',
    (name) => {
      const { records } = fetched(name)
      const again = batchesOf(records).map(writtenAgain)
      expect(Buffer.concat(again).toString('hex')).toBe(records.toString('hex'))
    },
  )
})

function batchesOf(set: Buffer): Buffer[] {
  const batches: Buffer[] = []
  for (let at = 0; at < set.length; ) {
    const { bytes } = batchHeaderAt(set, at)!
    batches.push(set.subarray(at, at + bytes))
    at += bytes
  }
  return batches
}

function writtenAgain(batch: Buffer): Buffer {
  const header = batchHeaderAt(batch, 0)!
  const records: RecordToWrite[] = []
  const cursor = new RecordCursor()
  cursor.start(batchRecords(batch, 0, header), header)
  while (cursor.advance()) {
    const { bytes, offset, timestamp, keyStart, keyEnd, valueStart, valueEnd } = cursor
    records.push({
      offset,
      timestamp,
      key: keyStart < 0 ? null : bytes.subarray(keyStart, keyEnd),
      value: valueStart < 0 ? null : bytes.subarray(valueStart, valueEnd),
      headers: cursor.headers().map(([name, value]) => [name, Buffer.from(value!).toString()] as const),
    })
  }
  const { baseOffset, nextOffset, isTransactional, isControl } = header
  const producer = { id: header.producerId, epoch: batch.readInt16BE(51), sequence: batch.readInt32BE(53) }
  const maxTimestamp = Number(batch.readBigInt64BE(35))
  return recordBatch(baseOffset, records, { nextOffset, maxTimestamp, producer, isTransactional, isControl })
}
