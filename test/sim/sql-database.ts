import { assert, assertNever } from '#src/kit/assert.js'
import { refusal } from './postgres-refusal.js'
import { type Outcome, SqlExecution } from './sql-execution.js'
import type { CreateTable, Statement } from './sql-syntax.js'
import { SqlTable } from './sql-table.js'

export const NOTHING: Outcome = { rows: [], changes: new Map() }

/** Tables, and statements carried out whole on them, each at one instant: a lock finds nobody to wait for. */
export class SqlDatabase {
  readonly #tables = new Map<string, SqlTable>()

  /** Undefined when there is none. */
  table(name: string): SqlTable | undefined {
    return this.#tables.get(name)
  }

  tableOf(oid: unknown): SqlTable {
    const found = [...this.#tables.values()].find((table) => String(table.oid) === oid)
    assert(found !== undefined, 'no table has this oid', { oid })
    return found
  }

  /** Throws a PostgresFault, and then has changed nothing. */
  run(statement: Statement, values: readonly unknown[] = []): Outcome {
    switch (statement.kind) {
      case 'create-table':
        this.#create(statement)
        return NOTHING
      case 'explain':
        new SqlExecution(this.#tables, statement.query, values).plan()
        return NOTHING
      case 'query': {
        const outcome = new SqlExecution(this.#tables, statement, values).run()
        for (const [table, changes] of outcome.changes) for (const change of changes) table.put(change)
        return outcome
      }
      default:
        return assertNever(statement)
    }
  }

  #create(definition: CreateTable): void {
    if (!this.#tables.has(definition.table)) {
      this.#tables.set(definition.table, new SqlTable(definition, 16_384 + this.#tables.size))
    } else if (!definition.isOptional) throw refusal('42P07', `relation "${definition.table}" already exists`)
  }
}
