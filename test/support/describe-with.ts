import { describe, test } from 'vitest'
import { type Availability, SERVERS_ARE_REQUIRED } from './availability.js'
import { opensslAvailability } from './certificates.js'
import { kafkaAvailability } from './kafka-broker.js'
import { kcatAvailability } from './kcat.js'
import { type NatsVersion, natsAvailability } from './nats-server.js'
import { type NodeMajor, nodeAvailability } from './node-program.js'
import { npmRegistry } from './npm-registry.js'
import { packageLinters } from './package-linters.js'
import { postgresAvailability } from './postgres-server.js'

/** `own` is a server that the suite stops, kills or configures, so never one that an address in the environment names. */
export interface Needs {
  readonly nats?: true | NatsVersion
  readonly postgres?: true | 'own'
  readonly kafka?: true | 'own'
  readonly kcat?: true
  /** Its registry. */
  readonly npm?: true
  readonly node?: NodeMajor
  readonly packageLinters?: true
  readonly openssl?: true
}

/**
 * A suite that needs real servers, or programs that are not ours: `await describeWith({ kafka: true }, 'the split reader', () => { … })` at the top of
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
  if (needs.nats === true) wanted.push(['nats', serverFor(true, 'RETAKE_TEST_NATS', natsAvailability)])
  else if (needs.nats) wanted.push([`nats ${needs.nats}`, natsAvailability(needs.nats)])
  if (needs.postgres)
    wanted.push(['postgres', serverFor(needs.postgres, 'RETAKE_TEST_POSTGRES', postgresAvailability)])
  if (needs.kafka) wanted.push(['kafka', serverFor(needs.kafka, 'RETAKE_TEST_KAFKA', kafkaAvailability)])
  if (needs.kcat) wanted.push(['kcat', kcatAvailability()])
  if (needs.npm) wanted.push(['npm', npmRegistry()])
  if (needs.node) wanted.push([`node ${needs.node}`, nodeAvailability(needs.node)])
  if (needs.packageLinters) wanted.push(['package linters', packageLinters()])
  if (needs.openssl) wanted.push(['openssl', opensslAvailability()])
  const answers = await Promise.all(wanted.map(async ([name, asked]) => [name, await asked] as const))
  return answers.flatMap(([name, answer]) =>
    answer.kind === 'unavailable' ? [`${name}: ${answer.reason}`] : [],
  )
}

/** A server that is named in the environment is there without anything of ours, but it is not the suite's own. */
async function serverFor(
  need: true | 'own',
  variable: string,
  ask: () => Promise<Availability<unknown>>,
): Promise<Availability<unknown>> {
  const external = process.env[variable]
  if (!external) return ask()
  if (need === true) return { kind: 'available', value: external }
  return { kind: 'unavailable', reason: `${variable} names a server that is not ours to stop` }
}

function refuse(missing: readonly string[]): void {
  test('the servers it needs are there', () => {
    throw new Error(`RETAKE_REQUIRE_SERVERS is set, and there is no ${missing.join('; ')}`)
  })
}
