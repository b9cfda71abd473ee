import type { Command } from './command.js'
import { runCommandLine } from './command-line.js'
import { processTerminal } from './terminal.js'

/** `npm run demo`: `scripts/demo.mjs` starts a PostgreSQL for it, unless the environment names one. */
const DEMO: Command = {
  name: 'demo',
  summary: 'a million clicks into PostgreSQL, exactly once, with a crash on the way',
  examples: [
    { line: 'npm run demo', what: 'made-up clicks, a PostgreSQL of its own; about 15 s' },
    { line: 'npm run demo -- --kafka localhost:9092', what: 'the same clicks through Kafka' },
    {
      line: 'RETAKE_SECRET_DATABASE=postgres://me:secret@localhost/shop npm run demo',
      what: 'into a PostgreSQL of yours; its table is removed again',
    },
  ],
  arguments: [],
  options: [
    { name: 'kafka', value: 'HOST:PORT', summary: 'take the clicks through a topic made there' },
    { name: 'count', value: 'N', summary: 'clicks, 1,000,000 unless said' },
    { name: 'rate', value: 'N', summary: 'clicks a second; as many as last 15 s unless said' },
    { name: 'seed', value: 'N', summary: 'other clicks for another number' },
  ],
  notes: ['Ends with 0 only if the count of every user is exact.'],
  load: async () => (await import('./demo-command.js')).demoCommand,
}

process.exitCode = await runCommandLine(['demo', ...process.argv.slice(2)], [DEMO], processTerminal())
