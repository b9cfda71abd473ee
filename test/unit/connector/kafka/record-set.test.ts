import { describe, expect, test } from 'vitest'
import { crc32c } from '#src/connector/kafka/crc32c.js'
import { RecordSet } from '#src/connector/kafka/record-set.js'
import { fetched, recordSetOf, valuesIn } from './fixture.js'

describe('record sets of a real broker', () => {
  test.each(['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'when compressed with %s, then they are read',
    (codec) => {
      const expected = Array.from({ length: 40 }, (_, i) => `${i}:${`${codec} record ${i} `.padEnd(60, '.')}`)
      expect(valuesIn(recordSetOf(`codec-${codec}`))).toEqual(expected)
    },
  )

  test('when records have keys, headers, times or no value, then all is told', () => {
    const set = recordSetOf('shapes')
    const { record } = set
    expect(set.advance()).toBe(true)
    expect(record.timestamp).toBe(1_700_000_000_123)
    expect(record.bytes.toString('utf8', record.keyStart, record.keyEnd)).toBe('key')
    expect(record.headers().map(([name, value]) => [name, String(value && Buffer.from(value))])).toEqual([
      ['one', 'eins'],
      ['many', 'a'],
      ['many', 'b'],
      ['none', ''],
    ])
    expect(set.advance()).toBe(true)
    expect([record.keyStart, record.valueStart, record.timestamp]).toEqual([-1, -1, 1_700_000_000_100])
    expect(set.advance()).toBe(true)
    expect(record.bytes.subarray(record.keyStart, record.keyEnd)).toEqual(Buffer.from([0xff, 0]))
    expect([record.valueEnd - record.valueStart, record.timestamp]).toEqual([0, 1_700_000_000_200])
    expect(valuesIn(set)).toEqual(['3:ünïcödé 🎬'])
  })

  test('when the topic says LogAppendTime, then the time is the broker’s', () => {
    const set = recordSetOf('append-time')
    expect(set.advance()).toBe(true)
    expect(set.record.timestamp).toBeGreaterThan(1_700_000_000_000)
  })

  test('when transactions were aborted, then their records are passed over, and markers too', () => {
    const set = recordSetOf('transactions')
    expect(valuesIn(set)).toEqual([
      '0:plain 0',
      '1:committed 1',
      '2:committed 2',
      '7:plain 7',
      '10:committed 10',
    ])
    expect([set.position, set.nextFetchOffset]).toEqual([12, 12])
  })

  test('when a fetch begins in the middle of an aborted transaction, then its rest is passed over', () => {
    expect(valuesIn(recordSetOf('transactions-from-the-middle'))).toEqual(['7:plain 7', '10:committed 10'])
  })

  test('when read uncommitted, then aborted records are there and markers are not', () => {
    const values = valuesIn(recordSetOf('transactions-uncommitted'))
    expect(values).toEqual([
      '0:plain 0',
      '1:committed 1',
      '2:committed 2',
      '4:aborted 4',
      '5:aborted 5',
      '7:plain 7',
      '8:aborted 8',
      '10:committed 10',
    ])
  })

  test('when an aborted record has the key bytes of a marker, then it ends nothing', () => {
    const set = recordSetOf('zero-key')
    expect(valuesIn(set)).toEqual(['4:kept'])
    expect(set.position).toBe(5)
  })

  test('when compaction left holes and an empty batch, then the position moves over them', () => {
    const { records } = fetched('compacted')
    expect(valuesIn(new RecordSet(records, 0, 'read-committed')).slice(0, 5)).toEqual([
      '1:b of abcd',
      '3:d of abcd',
      '6:a of ac',
      '7:c of ac',
      '8:e of ef',
    ])
    const firstBatches = records.subarray(0, bytesOfBatches(records, 2))
    const set = new RecordSet(firstBatches, 0, 'read-committed')
    expect(set.advance()).toBe(true)
    expect([set.record.offset, set.position]).toEqual([1, 2])
    expect(set.advance()).toBe(true)
    expect([set.record.offset, set.position]).toEqual([3, 4])
    expect(set.advance()).toBe(false)
    expect([set.position, set.nextFetchOffset]).toEqual([6, 6])
  })

  test('when a batch is nothing but an emptied one, then the position moves behind it', () => {
    const { records } = fetched('compacted')
    const empty = records.subarray(bytesOfBatches(records, 1), bytesOfBatches(records, 2))
    const set = new RecordSet(empty, 4, 'read-committed')
    expect([set.advance(), set.position, set.nextFetchOffset]).toEqual([false, 6, 6])
  })

  test('when a fetch begins inside a batch, then what is before it is not told again', () => {
    const { records } = fetched('codec-gzip')
    const set = new RecordSet(records, 38, 'read-committed')
    expect(valuesIn(set).map((value) => value.slice(0, 17))).toEqual([
      '38:gzip record 38',
      '39:gzip record 39',
    ])
    expect(set.position).toBe(40)
  })

  test('when the answer is cut anywhere, then the whole batches in it count and the rest is fetched again', () => {
    const { records, aborted } = fetched('transactions')
    for (let length = 0; length < records.length; length++) {
      const set = new RecordSet(records.subarray(0, length), 0, 'read-committed', aborted)
      const values = valuesIn(set)
      expect(set.position).toBe(set.nextFetchOffset)
      const behind = new RecordSet(records, set.position, 'read-committed', aborted)
      expect([...values, ...valuesIn(behind)]).toEqual(valuesIn(recordSetOf('transactions')))
    }
  })

  test('when a bit has flipped on the way, then the batch is refused', () => {
    const records = Buffer.from(fetched('codec-uncompressed').records)
    records[100] = (records[100] ?? 0) ^ 1
    const set = new RecordSet(records, 0, 'read-committed')
    expect(() => set.advance()).toThrow(expect.objectContaining({ code: 'RT1408' }))
  })

  test('when a batch cannot be decompressed, then that is said of the batch', () => {
    const records = Buffer.from(fetched('codec-uncompressed').records)
    records.writeInt16BE(1, 21)
    records.writeUInt32BE(crc32c(records, 21, records.length), 17)
    const set = new RecordSet(records, 0, 'read-committed')
    expect(() => set.advance()).toThrow(
      expect.objectContaining({ code: 'RT1408', why: expect.stringContaining('offset 0') }),
    )
  })

  test('when the message format is an old one, then that is said', () => {
    const records = Buffer.from(fetched('codec-uncompressed').records)
    records[16] = 1
    expect(() => new RecordSet(records, 0, 'read-committed')).toThrow(
      expect.objectContaining({ code: 'RT1409' }),
    )
  })
})

test('when checksums are computed, then they are CRC-32C', () => {
  const check = Buffer.from('123456789')
  expect(crc32c(check, 0, check.length)).toBe(0xe3069283)
  expect(crc32c(Buffer.alloc(32), 0, 32)).toBe(0x8a9136aa)
})

function bytesOfBatches(records: Buffer, batches: number): number {
  let at = 0
  for (let i = 0; i < batches; i++) at += 12 + records.readInt32BE(at + 8)
  return at
}
