import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeFetchResponse } from '#src/connector/kafka/fetch-response.js'
import type { Isolation } from '#src/connector/kafka/kafka-transport.js'
import { RecordSet } from '#src/connector/kafka/record-set.js'
import { PROJECT } from '../../../support/project.js'

/** An answer of a real broker to one fetch, whole (`fixtures/record.ts`). */
interface Fixture {
  readonly version: number
  readonly fetchOffset: number
  readonly isolation: Isolation
  readonly payload: string
}

export function fetched(name: string) {
  const path = join(PROJECT, 'test', 'unit', 'connector', 'kafka', 'fixtures', `${name}.json`)
  const { version, fetchOffset, isolation, payload } = JSON.parse(readFileSync(path, 'utf8')) as Fixture
  const { partitions } = decodeFetchResponse(Buffer.from(payload, 'base64'), version)
  const [partition] = partitions
  if (partition === undefined) throw new Error(`${name} is empty`)
  return { ...partition, fetchOffset, isolation }
}

export function recordSetOf(name: string): RecordSet {
  const { records, fetchOffset, isolation, aborted } = fetched(name)
  return new RecordSet(records, fetchOffset, isolation, aborted)
}

/** What counts in `set`, as `offset:value`. */
export function valuesIn(set: RecordSet): string[] {
  const values: string[] = []
  while (set.advance()) {
    const { offset, bytes, valueStart, valueEnd } = set.record
    values.push(`${offset}:${valueStart < 0 ? 'null' : bytes.toString('utf8', valueStart, valueEnd)}`)
  }
  return values
}
