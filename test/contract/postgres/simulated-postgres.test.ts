import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DatabaseClient } from '#src/connector/postgres/database-client.js'
import { PostgresClient } from '#src/connector/postgres/postgres-client.js'
import { PostgresFault } from '#src/connector/postgres/postgres-fault.js'
import {
  applyPiece,
  createBookkeeping,
  createTable,
  DESCRIBE_COLUMNS,
  DESCRIBE_UNIQUE_KEYS,
  FIND_TABLE,
  fenceOf,
  ledgerOf,
  raiseFence,
  readFence,
  readLedger,
  writeRows,
} from '#src/connector/postgres/postgres-statements.js'
import { systemClock } from '#src/kit/clock.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { SimulatedPostgres } from '../../sim/simulated-postgres.js'
import { Trace } from '../../sim/trace.js'
import { describeWith } from '../../support/describe-with.js'
import { type PostgresServer, startPostgres } from '../../support/postgres-server.js'
import { QUICK } from './postgres-stage.js'

/** Whatever answers statements, and whatever it answered: rows, or the fault. */
type Database = Pick<DatabaseClient, 'query'>

const log = { schema: 'public', table: 'click_log' }
const counts = { schema: 'public', table: 'click_counts' }
const seen = { schema: 'public', table: 'Seen "users"' }
const strict = { schema: 'public', table: 'strict' }
const nowhere = { schema: 'public', table: 'nowhere' }

const user = { name: 'user_id', type: 'text' } as const
const clicks = { name: 'clicks', type: 'bigint' } as const
const rate = { name: 'rate', type: 'double precision' } as const
const level = { name: 'level', type: 'integer' } as const

const logShape = { columns: [user], key: [] }
const countsShape = { columns: [user, clicks, rate, level], key: ['user_id'] }
const seenShape = { columns: [level, user], key: ['user_id', 'level'] }
const strictShape = { columns: [user, clicks], key: [] }

type Step = readonly [name: string, text: string, values?: readonly unknown[]]

const BOOKKEEPING_IS_THERE = 'select to_regclass($1) is not null and to_regclass($2) is not null as all'
const BOOKS = [fenceOf(log), ledgerOf(log)]
const ODD_TEXTS = '{"","NULL","a\\"b","\\\\","{x,y}"," é\n",NULL,"\'"}'

/** A life of four tables, statement by statement. */
const STEPS: readonly Step[] = [
  ['a table that is not there', FIND_TABLE, ['public', 'click_log']],
  ['no bookkeeping', BOOKKEEPING_IS_THERE, BOOKS],
  ['a piece before any bookkeeping', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann}']],
  ['bookkeeping', createBookkeeping(log)],
  ['bookkeeping again', createBookkeeping(log)],
  ['bookkeeping is there', BOOKKEEPING_IS_THERE, BOOKS],
  ['a log', 'create table click_log (id bigserial, user_id text)'],
  ['a log again', 'create table click_log (id bigserial, user_id text)'],
  ['counts', createTable(counts, countsShape)],
  ['counts again', createTable(counts, countsShape)],
  ['users', createTable(seen, seenShape)],
  ['a strict table', 'create table strict (user_id text primary key, clicks bigint not null)'],

  ['a plan of rows', `explain ${writeRows(nowhere, logShape)}`, ['', '', 0, '{}']],
  [
    'a plan without its key',
    `explain ${writeRows(log, { ...logShape, key: ['user_id'] })}`,
    ['', '', 0, '{}'],
  ],
  ['a plan with another column', `explain ${writeRows(log, strictShape)}`, ['', '', 0, '{}', '{}']],

  ['no fence', readFence(log), ['run1', 'sink']],
  ['a piece without a fence', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann}']],
  ['a raise', raiseFence(log), ['run1', 'sink', '2']],
  ['a raise of another sink', raiseFence(log), ['run1', 'other', 1]],
  ['a raise for good', raiseFence(log), ['run0', 'sink', '9223372036854775807']],
  ['a raise of an earlier attempt', raiseFence(log), ['run1', 'sink', 1]],
  ['the fence', readFence(log), ['run1', 'sink']],
  ['the fence for good', readFence(log), ['run0', 'sink']],

  ['a piece', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann,bob}']],
  ['the piece again', applyPiece(log, logShape), [...piece(2, 1, 0), '{ann,bob}']],
  ['the next piece', applyPiece(log, logShape), [...piece(2, 1, 1), ODD_TEXTS]],
  ['a piece of the next checkpoint', applyPiece(log, logShape), [...piece(2, 2, 0), '{cid}']],
  ['a piece from before', applyPiece(log, logShape), [...piece(2, 1, 1), '{bob}']],
  ['a piece without rows', applyPiece(log, logShape), [...piece(2, 2, 1), '{}']],
  ['a piece of an earlier attempt', applyPiece(log, logShape), [...piece(1, 3, 0), '{dan}']],
  ['a piece of a later attempt', applyPiece(log, logShape), [...piece(3, 3, 0), '{eve}']],
  ['a piece of another subtask', applyPiece(log, logShape), [...piece(2, 1, 0, 1), '{fay}']],
  ['a piece of another run', applyPiece(log, logShape), ['run1', 'sink', 2, 'run0', 0, 9, 0, '{gil}']],
  ['a piece of another sink', applyPiece(log, logShape), ['run1', 'other', 2, 'run1', 0, 9, 0, '{hal}']],
  ['a piece with a value too many', applyPiece(log, logShape), [...piece(2, 4, 0), '{ann}', '{bob}']],
  ['the log', 'select user_id from click_log'],
  ['the ledger', readLedger(log), ['run1', 'sink']],
  ['the ledger of the other run', readLedger(log), ['run0', 'sink']],

  [
    'counted',
    applyPiece(counts, countsShape),
    [...piece(2, 5, 0), '{ann,bob}', '{1,2}', '{0.5,1e3}', '{1,NULL}'],
  ],
  [
    'counted again',
    applyPiece(counts, countsShape),
    [...piece(2, 6, 0), '{bob,cid}', '{3,-4}', '{NULL,-0.25}', '{7,8}'],
  ],
  ['counted late', applyPiece(counts, countsShape), [...piece(2, 5, 1), '{ann}', '{9}', '{9}', '{9}']],
  [
    'rows of one key twice',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan,dan}', '{1,2}', '{1,1}', '{1,1}'],
  ],
  [
    'a count too large',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan}', '{9223372036854775808}', '{1}', '{1}'],
  ],
  [
    'a count that is none',
    applyPiece(counts, countsShape),
    [...piece(2, 7, 0), '{dan}', '{many}', '{1}', '{1}'],
  ],
  ['the ledger after refusals', readLedger(log), ['run1', 'sink']],
  [
    'counts as rows',
    writeRows(counts, countsShape),
    ['run1', 'sink', 2, '{ann,eve}', '{10,11}', '{1,1}', '{1,1}'],
  ],
  ['counts of a zombie', writeRows(counts, countsShape), ['run1', 'sink', 1, '{ann}', '{0}', '{0}', '{0}']],
  ['the counts', 'select user_id, clicks, rate, level from click_counts'],

  ['seen', writeRows(seen, seenShape), ['run1', 'sink', 2, '{1,1,2}', '{ann,bob,ann}']],
  ['seen again', writeRows(seen, seenShape), ['run1', 'sink', 2, '{1,3,3}', '{ann,ann,ann}']],
  ['the seen', 'select level, user_id as "user" from public."Seen ""users"""'],

  ['strict rows', writeRows(strict, strictShape), ['run1', 'sink', 2, '{ann,bob}', '{1,2}']],
  ['strict rows again', writeRows(strict, strictShape), ['run1', 'sink', 2, '{cid,bob}', '{3,4}']],
  ['a strict row without a count', writeRows(strict, strictShape), ['run1', 'sink', 2, '{dan}', '{NULL}']],
  ['a strict row without a user', writeRows(strict, strictShape), ['run1', 'sink', 2, '{NULL}', '{1}']],
  ['the strict', 'select user_id, clicks from strict'],
  ['fences', `select run, sink, token from ${fenceOf(log)}`],
  ['ledgers', `select run, sink, subtask, checkpoint, piece from ${ledgerOf(log)}`],
]

/** The values in front of the rows. */
function piece(token: number, checkpoint: number, number: number, subtask = 0): unknown[] {
  return ['run1', 'sink', token, 'run1', subtask, checkpoint, number]
}

/** A text with a fault in it: what its author would have wished to be shown. */
interface Mutant {
  readonly name: string
  readonly from: string | RegExp
  readonly to: string
}

const LEDGER_RISES = 'where (l.checkpoint, l.piece) < (excluded.checkpoint, excluded.piece)'

const MUTANTS: readonly Mutant[] = [
  { name: 'the fence forgets the token', from: 'and token = $3::bigint ', to: '' },
  { name: 'the fence takes any token', from: 'token = $3::bigint', to: '$3::bigint is not null' },
  { name: 'the fence takes later tokens', from: 'token = $3::bigint', to: 'token >= $3::bigint' },
  { name: 'the fence takes other sinks', from: 'and sink = $2 and', to: 'or sink = $2 and' },
  { name: 'the ledger may fall', from: `\n  ${LEDGER_RISES}`, to: '' },
  { name: 'the ledger takes a piece twice', from: LEDGER_RISES, to: LEDGER_RISES.replace('<', '<=') },
  { name: 'the ledger may not rise', from: LEDGER_RISES, to: LEDGER_RISES.replace('<', '>') },
  { name: 'the ledger keeps its piece', from: ', piece = excluded.piece', to: '' },
  { name: 'the ledger does not hang on the fence', from: '$7::integer from fence', to: '$7::integer' },
  { name: 'the ledger forgets the staging run', from: 'select $4, $2', to: 'select $4::text || $1, $2' },
  { name: 'rows hang on the fence alone', from: /from ledger\)(?=[\n$])/, to: 'from fence)' },
  { name: 'rows hang on nothing', from: ' where exists (select from ledger)', to: '' },
  { name: 'rows are never replaced', from: /do update set "clicks"[^\n]*/, to: 'do nothing' },
  { name: 'a raise may lower', from: ' where f.token < excluded.token', to: '' },
  { name: 'a raise only lowers', from: 'f.token < excluded.token', to: 'f.token > excluded.token' },
]

await describeWith({ postgres: true }, 'the simulated PostgreSQL', () => {
  let server: PostgresServer
  const clients: PostgresClient[] = []

  beforeAll(async () => {
    server = await startPostgres(QUICK)
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.close()))
    await server.stop()
  })

  test('when a sink’s statements come to it, then it answers and holds what PostgreSQL does', async () => {
    const real = await transcriptOf(await realDatabase('as_written'), (text) => text)
    const simulated = await transcriptOf(simulatedDatabase(), (text) => text)
    expect(simulated).toEqual(real)
    // It is not for lack of answers that they agree.
    expect(real).toMatchObject({
      'a piece': [{ held: 1, raised: 1 }],
      'the piece again': [{ held: 1, raised: 0 }],
      'a piece of an earlier attempt': [{ held: 0, raised: 0 }],
      'rows of one key twice': { kind: 'refused', code: '21000' },
    })
  })

  test.each(MUTANTS)('when $name, then it does the same wrong as PostgreSQL', async (mutant) => {
    const mutated = (text: string) => text.replaceAll(globally(mutant.from), mutant.to)
    const real = await transcriptOf(await realDatabase(`mutant_${MUTANTS.indexOf(mutant)}`), mutated)
    const simulated = await transcriptOf(simulatedDatabase(), mutated)
    expect(simulated).toEqual(real)
    expect(simulated).not.toEqual(await transcriptOf(simulatedDatabase(), (text) => text))
  })

  async function realDatabase(name: string): Promise<Database> {
    const client = new PostgresClient({
      url: await server.createDatabase(name),
      applicationName: name,
      statementTimeoutMs: 10_000,
      clock: systemClock,
      logger: silentLogger,
    })
    clients.push(client)
    return client
  }
})

function simulatedDatabase(): Database {
  const clock = new VirtualClock()
  const server = new SimulatedPostgres({ clock, random: seededRandom(1), trace: new Trace(clock) })
  return {
    query: async <Row>(text: string, values?: readonly unknown[]) => server.query(text, values) as Row[],
  }
}

/** All steps, each with what it was answered, and how the tables look then. */
async function transcriptOf(
  database: Database,
  mutated: (text: string) => string,
): Promise<Record<string, unknown>> {
  const transcript: Record<string, unknown> = {}
  for (const [name, text, values] of STEPS) {
    transcript[name] = await answerOf(database, mutated(text), values)
  }
  for (const { schema, table } of [counts, seen, strict, log]) {
    const [found] = await database.query<{ oid: string; kind: string }>(FIND_TABLE, [schema, table])
    const columns = await database.query(DESCRIBE_COLUMNS, [found?.oid])
    const keys = await database.query(DESCRIBE_UNIQUE_KEYS, [found?.oid])
    transcript[table] = [found?.kind, columns, keys]
  }
  return transcript
}

/** Rows in an order of their own: without `order by` a table has none. */
async function answerOf(database: Database, text: string, values?: readonly unknown[]): Promise<unknown> {
  try {
    const rows = await database.query(text, values)
    return (
      rows
        ?.map((row) => JSON.stringify(row))
        .sort()
        .map((row) => JSON.parse(row)) ?? []
    )
  } catch (error) {
    if (!(error instanceof PostgresFault)) throw error
    return { kind: error.kind, code: error.code }
  }
}

function globally(from: string | RegExp): string | RegExp {
  return typeof from === 'string' ? from : new RegExp(from, 'g')
}
