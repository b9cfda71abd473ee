import { afterAll, beforeAll, expect, test } from 'vitest'
import type { DatabaseClient } from '#src/connector/postgres/database-client.js'
import { PostgresClient } from '#src/connector/postgres/postgres-client.js'
import { PostgresFault } from '#src/connector/postgres/postgres-fault.js'
import {
  DESCRIBE_COLUMNS,
  DESCRIBE_UNIQUE_KEYS,
  FIND_TABLE,
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
import { anyScript, counts, log, SCRIPT, type Step, seen, strict } from './statement-script.js'

type Database = Pick<DatabaseClient, 'query'>

/** What a statement would be with a fault in it. */
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
  { name: 'rows hang on the fence alone', from: /from ledger\)(?=\n)/, to: 'from fence)' },
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
    const real = await transcriptOf(await realDatabase('as_written'), SCRIPT)
    const simulated = await transcriptOf(simulatedDatabase(), SCRIPT)
    expect(simulated).toEqual(real)
    // It is not for lack of answers that they agree.
    expect(real).toMatchObject({
      'a piece': [{ held: 1, raised: 1 }],
      'the piece again': [{ held: 1, raised: 0 }],
      'a piece of an earlier attempt': [{ held: 0, raised: 0 }],
      'rows of one key twice': { kind: 'refused', code: '21000' },
    })
  })

  test('when statements come in any order, then it answers and holds what PostgreSQL does', async () => {
    const steps = anyScript(400, seededRandom(7))
    const real = await transcriptOf(await realDatabase('any_order'), steps)
    expect(await transcriptOf(simulatedDatabase(), steps)).toEqual(real)
    const answers = new Set(Object.values(real).map((answer) => JSON.stringify(answer)))
    for (const [held, raised] of [
      [0, 0],
      [1, 0],
      [1, 1],
    ]) {
      expect(answers).toContain(JSON.stringify([{ held, raised }]))
    }
  })

  test.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    'when %s, then it does the same wrong as PostgreSQL',
    async (_, mutant) => {
      const mutated = SCRIPT.map(([name, text, values]): Step => [name, mutatedBy(mutant, text), values])
      const real = await transcriptOf(await realDatabase(`mutant_${MUTANTS.indexOf(mutant)}`), mutated)
      const simulated = await transcriptOf(simulatedDatabase(), mutated)
      expect(simulated).toEqual(real)
      expect(simulated).not.toEqual(await transcriptOf(simulatedDatabase(), SCRIPT))
    },
  )

  async function realDatabase(name: string): Promise<Database> {
    const client = new PostgresClient({
      address: { url: await server.createDatabase(name), tls: false },
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
async function transcriptOf(database: Database, script: readonly Step[]): Promise<Record<string, unknown>> {
  const transcript: Record<string, unknown> = {}
  for (const [name, text, values] of script) transcript[name] = await answerOf(database, text, values)
  for (const { schema, table } of [counts, seen, strict, log]) {
    const [found] = await database.query<{ oid: string; kind: string }>(FIND_TABLE, [schema, table])
    const columns = await database.query(DESCRIBE_COLUMNS, [found?.oid])
    const keys = await database.query(DESCRIBE_UNIQUE_KEYS, [found?.oid])
    transcript[`table ${table}`] = [found?.kind, columns, keys]
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

function mutatedBy({ from, to }: Mutant, text: string): string {
  return text.replaceAll(typeof from === 'string' ? from : new RegExp(from, 'g'), to)
}
