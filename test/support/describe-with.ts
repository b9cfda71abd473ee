import { describe, test } from 'vitest'
import { type Availability, SERVERS_ARE_REQUIRED } from './availability.js'
import { kafkaAvailability } from './kafka-broker.js'
import { kcatAvailability } from './kcat.js'
import { type NatsVersion, natsAvailability } from './nats-server.js'
import { postgresAvailability } from './postgres-server.js'

export interface Needs {
  readonly nats?: true | NatsVersion
  readonly postgres?: true
  readonly kafka?: true
  readonly kcat?: true
}

/**
 * A suite that needs real servers: `await describeWith({ kafka: true }, 'the split reader', () => { … })` at the top of
 * a test file. Where they cannot be had the suite is skipped with the reason in its name; where they are required
 * (`RETAKE_REQUIRE_SERVERS=1`) it fails with it.
 */
export async function describeWith(needs: Needs, name: string, suite: () => void): Promise<void> {
  const missing = await whatIsMissing(needs)
  if (missing.length === 0) describe(name, suite)
  else if (SERVERS_ARE_REQUIRED) describe(name, () => refuse(missing))
  else describe.skip(`${name} [${missing.join('; ')}]`, suite)
}

/** One line for each server that cannot be had: `kafka: there is no java`. */
export async function whatIsMissing(needs: Needs): Promise<string[]> {
  const wanted: [string, Promise<Availability<unknown>>][] = []
  if (needs.nats) wanted.push(['nats', natsAvailability(needs.nats === true ? 'oldest' : needs.nats)])
  if (needs.postgres) wanted.push(['postgres', postgresAvailability()])
  if (needs.kafka) wanted.push(['kafka', kafkaAvailability()])
  if (needs.kcat) wanted.push(['kcat', kcatAvailability()])
  const answers = await Promise.all(wanted.map(async ([name, asked]) => [name, await asked] as const))
  return answers.flatMap(([name, answer]) =>
    answer.kind === 'unavailable' ? [`${name}: ${answer.reason}`] : [],
  )
}

function refuse(missing: readonly string[]): void {
  test('the servers it needs are there', () => {
    throw new Error(`RETAKE_REQUIRE_SERVERS is set, and there is no ${missing.join('; ')}`)
  })
}
