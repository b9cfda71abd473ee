import type { Command } from './command.js'
import { runCommandLine } from './command-line.js'
import { processTerminal } from './terminal.js'

/** `npm run demo`: `scripts/demo.mjs` starts a PostgreSQL and a nats-server for it, unless the environment names them. */
const DEMO: Command = {
  name: 'demo',
  summary: 'a million clicks into PostgreSQL, exactly once, with a crash on the way',
  examples: [
    { line: 'npm run demo', what: 'made-up clicks on four processes, servers of its own; about 20 s' },
    { line: 'npm run demo -- --embedded', what: 'all of it in one process' },
    { line: 'npm run demo -- --kafka localhost:9092', what: 'the same clicks through Kafka' },
    {
      line: 'RETAKE_SECRET_DATABASE=postgres://me:secret@localhost/shop npm run demo',
      what: 'into a PostgreSQL of yours; its table is removed again',
    },
  ],
  arguments: [],
  options: [
    { name: 'embedded', summary: 'run everything in one process, and crash a thread of it' },
    {
      name: 'nats',
      value: 'URL[,URL…]',
      environment: 'RETAKE_NATS',
      summary: 'a NATS of yours, with JetStream',
    },
    { name: 'kafka', value: 'HOST:PORT', summary: 'take the clicks through a topic made there' },
    { name: 'count', value: 'N', summary: 'clicks, 1,000,000 unless said' },
    { name: 'rate', value: 'N', summary: 'clicks a second; as many as last 15 s unless said' },
    { name: 'seed', value: 'N', summary: 'other clicks for another number' },
  ],
  notes: [
    'A job manager and three task managers run the job, each a process of its own, and one of them is killed with ' +
      '-9 on the way. They need a nats-server: yours, one on PATH, or one that is downloaded. Where none can be had, ' +
      'it says so and goes on as with --embedded.',
    'Ends with 0 only if the count of every user is exact.',
  ],
  load: async () => (await import('./demo-command.js')).demoCommand,
}

process.exitCode = await runCommandLine(
  ['demo', ...process.argv.slice(2)],
  [DEMO],
  processTerminal(),
  process.env,
)
