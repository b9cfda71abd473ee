import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { BAD_RECORD, KafkaDeserializer } from '#src/connector/kafka/kafka-deserializer.js'
import type { KafkaMeta } from '#src/connector/kafka/kafka-meta.js'
import { RecordCursor } from '#src/connector/kafka/record-batch-decoder.js'
import { headerOf, recordBatch } from '../../../support/record-batch.js'

const Click = v.object({ userId: v.string(), ts: v.number() })

function cursorOn(value: Buffer | string | null, key: Buffer | null = null): RecordCursor {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  const cursor = new RecordCursor()
  const batch = recordBatch(7, [
    {
      key,
      value: bytes,
      timestamp: 5,
      headers: [
        ['h', 'x'],
        ['h', 'y'],
        ['one', 'z'],
      ],
    },
  ])
  cursor.start(batch.subarray(61), headerOf(batch))
  cursor.advance()
  return cursor
}

function deserializerOf(
  format: 'json' | 'string' | 'bytes',
  functions: Record<string, unknown> = {},
): KafkaDeserializer {
  return new KafkaDeserializer({ topic: 'clicks', format }, functions)
}

describe('values', () => {
  test('when the format is json, string or bytes, then they are that', () => {
    expect(deserializerOf('json').deserialize(cursorOn('{"a":[1]}'), 0)).toEqual({ a: [1] })
    expect(deserializerOf('string').deserialize(cursorOn('grüße'), 0)).toBe('grüße')
    const bytes = deserializerOf('bytes').deserialize(cursorOn(Buffer.from([1, 255])), 0)
    expect(bytes).toEqual(new Uint8Array([1, 255]))
    expect((bytes as Uint8Array).buffer.byteLength).toBe(2)
  })

  test('when a schema fits, then its output goes on', () => {
    const schema = v.pipe(
      Click,
      v.transform(({ userId }) => userId),
    )
    expect(deserializerOf('json', { schema }).deserialize(cursorOn('{"userId":"ada","ts":1}'), 0)).toBe('ada')
  })

  test('when a record function is given, then it has value and meta', () => {
    const metas: KafkaMeta[] = []
    const record = (value: unknown, meta: KafkaMeta) => {
      metas.push(meta)
      return [value, meta.partition]
    }
    const made = deserializerOf('json', { record }).deserialize(cursorOn('1', Buffer.from('k')), 3)
    expect(made).toEqual([1, 3])
    const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString()
    expect(metas[0]).toMatchObject({ topic: 'clicks', partition: 3, offset: 7n, timestamp: 5 })
    expect(text(metas[0]?.key)).toBe('k')
    const twice = metas[0]?.headers['h'] as readonly Uint8Array[]
    expect(twice.map(text)).toEqual(['x', 'y'])
    expect(text(metas[0]?.headers['one'])).toBe('z')
  })

  test('when a U+FFFD was really written, then it is no damage', () => {
    expect(deserializerOf('string').deserialize(cursorOn('a\uFFFDb'), 0)).toBe('a\uFFFDb')
  })
})

describe('bad records', () => {
  test.each([
    ['malformed JSON', 'json', '{"userId":', /is not JSON.*it is "\{\\"userId\\":"/],
    ['a field that is missing', 'json', '{"ts":1}', /userId: Invalid key/],
    ['a value that is null', 'json', null, /no value.*it is null/],
    ['bytes that are no UTF-8', 'string', Buffer.from([0xc3, 0x28]), /not UTF-8/],
    ['a tombstone among bytes', 'bytes', null, /no value/],
  ] as const)(
    'when there is %s, then the error names place, reason and sample',
    (_, format, value, reason) => {
      const deserializer = deserializerOf(format, { schema: format === 'json' ? Click : undefined })
      const cursor = cursorOn(value)
      expect(deserializer.deserialize(cursor, 2)).toBe(BAD_RECORD)
      const error = deserializer.badRecord(cursor, 2)
      expect(error).toMatchObject({ code: 'RT1403' })
      expect(error.what).toBe('the record at offset 7 of partition 2 of topic clicks cannot be decoded')
      expect(error.why).toMatch(reason)
    },
  )

  test('when a sample is long, then it is cut and says so', () => {
    const cursor = cursorOn('x'.repeat(1000))
    expect(deserializerOf('json').sample(cursor)).toBe(`"${'x'.repeat(200)}"… (1000 bytes)`)
  })

  test('when there is a record function and no schema, then a tombstone is null for it to decide', () => {
    const record = (value: unknown, { key }: KafkaMeta) => ({ value, key: Buffer.from(key ?? '').toString() })
    const made = deserializerOf('json', { record }).deserialize(cursorOn(null, Buffer.from('gone')), 0)
    expect(made).toEqual({ value: null, key: 'gone' })
  })

  test('when a schema wants to wait, then it is refused', () => {
    const schema = v.pipeAsync(
      v.unknown(),
      v.checkAsync(async () => true),
    )
    const deserialize = () => deserializerOf('json', { schema }).deserialize(cursorOn('1'), 0)
    expect(deserialize).toThrow(expect.objectContaining({ code: 'RT1012' }))
  })

  test('when the record function throws, then it is the user’s error, with its cause', () => {
    const cause = new Error('boom')
    const record = () => {
      throw cause
    }
    const deserialize = () => deserializerOf('json', { record }).deserialize(cursorOn('1'), 0)
    expect(deserialize).toThrow(expect.objectContaining({ code: 'RT1601', cause }))
  })
})
