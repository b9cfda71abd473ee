import { isUtf8 } from 'node:buffer'
import { RetakeError } from '../../kit/errors.js'
import { JsonTemplates } from '../json-templates.js'
import { RecordSchema } from '../record-schema.js'
import type { SourceSpec } from '../source.js'
import type { KafkaHeader, KafkaHeaders, KafkaMeta } from './kafka-meta.js'
import type { KafkaSourceOptions } from './kafka-options.js'
import type { RecordCursor } from './record-batch-decoder.js'

type RecordFunction = (value: unknown, meta: KafkaMeta) => unknown

/** What `deserialize` returns for a record that is no good: `badRecord` then says why. */
export const BAD_RECORD: unique symbol = Symbol('bad record')

const SAMPLE_CHARACTERS = 200

/**
 * Turns the bytes of a record into what the job works on: format (json, string or bytes), then the schema, then the
 * user's `record` function, each if it is there.
 *
 * A record without a value (a tombstone) is not valid JSON, string or bytes, so it is a bad record, unless a `record`
 * function is given and the format is not checked by a schema: that one is then handed null and decides. Bytes that
 * are no UTF-8 are a bad record for json and string. What `record` itself throws is the user's error (RT1601), not the
 * record's.
 */
export class KafkaDeserializer {
  readonly #topic: string
  readonly #format: KafkaSourceOptions['format']
  readonly #schema: RecordSchema | undefined
  readonly #record: RecordFunction | undefined
  readonly #templates = new JsonTemplates()
  #reason = ''

  constructor(
    { topic, format }: Pick<KafkaSourceOptions, 'topic' | 'format'>,
    functions: SourceSpec['functions'],
  ) {
    this.#topic = topic
    this.#format = format
    const schema = functions['schema']
    this.#schema = schema === undefined ? undefined : new RecordSchema(schema, `topic ${topic}`)
    this.#record = functions['record'] as RecordFunction | undefined
  }

  deserialize(cursor: RecordCursor, partition: number): unknown {
    let value = this.#decode(cursor)
    if (value === BAD_RECORD) return BAD_RECORD
    if (this.#schema !== undefined) {
      const checked = this.#schema.check(value)
      if ('refused' in checked) return this.#refuse(checked.refused)
      value = checked.value
    }
    if (this.#record === undefined) return value
    return this.#mapped(value, cursor, partition)
  }

  /** Why the record on which `cursor` stands was refused. */
  badRecord(cursor: RecordCursor, partition: number): RetakeError {
    return new RetakeError('RT1403', {
      what: `the record at offset ${cursor.offset} of partition ${partition} of topic ${this.#topic} cannot be decoded`,
      why: `${this.#reason}; it is ${this.sample(cursor)}`,
      fix: 'correct the schema or the producer, or pass over such records with onBadRecord: "skip"',
    })
  }

  /** The first characters of the record's value, for people. */
  sample(cursor: RecordCursor): string {
    if (cursor.valueStart < 0) return 'null'
    const end = Math.min(cursor.valueEnd, cursor.valueStart + SAMPLE_CHARACTERS)
    const text = JSON.stringify(cursor.bytes.toString('utf8', cursor.valueStart, end))
    return end < cursor.valueEnd ? `${text}… (${cursor.valueEnd - cursor.valueStart} bytes)` : text
  }

  #decode(cursor: RecordCursor): unknown {
    const { bytes, valueStart, valueEnd } = cursor
    if (valueStart < 0) {
      if (this.#record !== undefined && this.#schema === undefined) return null
      return this.#refuse('it has no value (a tombstone)')
    }
    if (this.#format === 'bytes') return new Uint8Array(bytes.subarray(valueStart, valueEnd))
    if (this.#format === 'json') {
      const read = this.#templates.read(bytes, valueStart, valueEnd)
      if (read !== undefined) return read
    }
    const text = bytes.toString('utf8', valueStart, valueEnd)
    // U+FFFD stands for bytes that are no UTF-8, or for itself: rare enough to look closer.
    if (text.includes('\uFFFD') && !isUtf8(bytes.subarray(valueStart, valueEnd)))
      return this.#refuse('it is not UTF-8')
    if (this.#format === 'string') return text
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (error) {
      return this.#refuse(`it is not JSON: ${(error as Error).message}`)
    }
    this.#templates.learn(bytes, valueStart, valueEnd, value)
    return value
  }

  #mapped(value: unknown, cursor: RecordCursor, partition: number): unknown {
    const { offset, timestamp, bytes, keyStart, keyEnd } = cursor
    const meta: KafkaMeta = {
      topic: this.#topic,
      partition,
      offset: BigInt(offset),
      timestamp,
      key: keyStart < 0 ? null : new Uint8Array(bytes.subarray(keyStart, keyEnd)),
      headers: headersOf(cursor),
    }
    try {
      return (this.#record as RecordFunction)(value, meta)
    } catch (cause) {
      throw new RetakeError('RT1601', {
        what: `the record function of topic ${this.#topic} threw`,
        why: `at offset ${offset} of partition ${partition}: ${cause instanceof Error ? cause.message : String(cause)}`,
        fix: 'correct the function; what it cannot use it may turn into a value to be filtered out',
        cause,
      })
    }
  }

  #refuse(reason: string): typeof BAD_RECORD {
    this.#reason = reason
    return BAD_RECORD
  }
}

function headersOf(cursor: RecordCursor): KafkaHeaders {
  const headers = cursor.headers()
  if (headers.length === 0) return NO_HEADERS
  const byName = new Map<string, KafkaHeader | KafkaHeader[]>()
  for (const [name, value] of headers) {
    const before = byName.get(name)
    if (before === undefined) byName.set(name, value)
    else if (Array.isArray(before)) before.push(value)
    else byName.set(name, [before, value])
  }
  return Object.fromEntries(byName)
}

const NO_HEADERS: KafkaHeaders = Object.freeze({})
