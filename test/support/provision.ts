/**
 * Asks once for every server and program of the tests, downloading what can be downloaded, and says one line each on stderr. On
 * stdout, as JSON, the environment in which test files know what cannot be had without trying again.
 */
import { refusalVariable } from './availability.js'
import { opensslAvailability } from './certificates.js'
import { kafkaAvailability } from './kafka-broker.js'
import { kcatAvailability } from './kcat.js'
import { natsAvailability } from './nats-server.js'
import { NODE_MAJORS, nodeAvailability } from './node-program.js'
import { npmRegistry } from './npm-registry.js'
import { packageLinters } from './package-linters.js'
import { postgresAvailability } from './postgres-server.js'

const SERVERS = {
  'nats-oldest': () => natsAvailability('oldest'),
  'nats-current': () => natsAvailability('current'),
  postgres: postgresAvailability,
  kafka: kafkaAvailability,
  kcat: kcatAvailability,
  npm: npmRegistry,
  'package-linters': packageLinters,
  ...Object.fromEntries(NODE_MAJORS.map((major) => [`node-${major}`, () => nodeAvailability(major)])),
  openssl: opensslAvailability,
}

const refusals: Record<string, string> = {}
for (const [name, ask] of Object.entries(SERVERS)) {
  const answer = await ask()
  if (answer.kind === 'available') continue
  process.stderr.write(`no ${name}: ${answer.reason}\n`)
  refusals[refusalVariable(name)] = answer.reason
}
process.stdout.write(JSON.stringify(refusals))
