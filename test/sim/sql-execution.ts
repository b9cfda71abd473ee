import { assert, assertNever } from '#src/kit/assert.js'
import { refusal } from './postgres-refusal.js'
import { tableNameOf } from './sql-parser.js'
import type { Expression, From, Insert, Item, Query, Select } from './sql-syntax.js'
import type { RowChange, SqlTable } from './sql-table.js'
import { cast, compared, type SqlRow, type SqlValue } from './sql-value.js'

/** What became of a statement: the rows answered, and what it changed. */
export interface Outcome {
  readonly rows: readonly SqlRow[]
  /** By table; a table that was left as it was does not stand here. */
  readonly changes: ReadonlyMap<SqlTable, readonly RowChange[]>
}

/** The rows that names can mean at one place, innermost first. */
interface Scope {
  readonly sources: ReadonlyMap<string, SqlRow>
  readonly outer: Scope | undefined
  /** How many rows an aggregate stands for. */
  readonly count?: number
}

const NO_SCOPE: Scope = { sources: new Map(), outer: undefined }

/** One run of one query. Everything it reads is as it was before; what it changes is kept aside until it has succeeded. */
export class SqlExecution {
  readonly #tables: ReadonlyMap<string, SqlTable>
  readonly #query: Query
  readonly #given: readonly unknown[]
  #values: readonly SqlValue[] = []
  readonly #parts = new Map<string, readonly SqlRow[]>()
  readonly #changes = new Map<SqlTable, RowChange[]>()
  readonly #touched = new Map<SqlTable, Set<string>>()

  constructor(tables: ReadonlyMap<string, SqlTable>, query: Query, given: readonly unknown[]) {
    this.#tables = tables
    this.#query = query
    this.#given = given
  }

  /** What PostgreSQL complains about before it runs anything, in its order: names, parameters, the key of a conflict. */
  plan(): void {
    const { parts, main } = this.#query
    const bodies = [...parts.map(({ body }) => body), main]
    for (const body of bodies) this.#checkNames(body)
    this.#values = this.#bound()
    for (const body of bodies) if (body.kind === 'insert') this.#checkConflict(body)
  }

  run(): Outcome {
    this.plan()
    for (const { name, body } of this.#query.parts) this.#parts.set(name, this.#rowsOf(body))
    const rows = this.#rowsOf(this.#query.main)
    return { rows, changes: this.#changes }
  }

  #checkNames(body: Select | Insert): void {
    const { from } = body.kind === 'insert' ? body.select : body
    const isPart = (name: string) => this.#query.parts.some((part) => part.name === name)
    if (from?.kind === 'table' && !isPart(from.table)) this.#tableNamed(from.table)
    if (body.kind === 'select') return
    const target = this.#tableNamed(body.table)
    for (const name of body.columns) target.column(name)
    for (const { column } of body.conflict?.update?.set ?? []) target.column(column)
  }

  /** The values, each read as what it is cast to. A parameter that stands nowhere has no type. */
  #bound(): SqlValue[] {
    const { parameters } = this.#query
    const last = Math.max(0, ...parameters.keys())
    for (let number = 1; number <= last; number++) {
      if (parameters.has(number)) continue
      throw refusal('42P18', `could not determine data type of parameter $${number}`)
    }
    if (this.#given.length !== last) {
      throw refusal('08P01', `${this.#given.length} parameters for a statement that requires ${last}`)
    }
    return this.#given.map((value, index) => {
      const type = parameters.get(index + 1)
      return type === undefined ? (value as SqlValue) : cast(value as SqlValue, type)
    })
  }

  #checkConflict({ table, conflict }: Insert): void {
    if (conflict === undefined) return
    if ([...conflict.key].sort().join() === [...this.#tableNamed(table).key].sort().join()) return
    throw refusal(
      '42P10',
      'there is no unique or exclusion constraint matching the ON CONFLICT specification',
    )
  }

  #tableNamed(name: string): SqlTable {
    const table = this.#tables.get(name.includes('.') ? name : `public.${name}`)
    if (table === undefined) throw refusal('42P01', `relation "${name}" does not exist`)
    return table
  }

  #rowsOf(body: Select | Insert): readonly SqlRow[] {
    return body.kind === 'insert' ? this.#insert(body) : this.#select(body, NO_SCOPE)
  }

  #insert({ table, alias, columns, select, conflict, returning }: Insert): SqlRow[] {
    const target = this.#tableNamed(table)
    const returned: SqlRow[] = []
    for (const proposed of this.#select(select, NO_SCOPE)) {
      const values = Object.values(proposed)
      if (values.length !== columns.length) {
        throw refusal('42601', 'INSERT has not as many expressions as target columns')
      }
      const row = target.rowOf(
        Object.fromEntries(columns.map((name, index) => [name, values[index] ?? null])),
      )
      const after = this.#write(target, alias, row, conflict)
      if (after === undefined || returning === undefined) continue
      returned.push(this.#itemsOf(returning, scopeOf(alias, after, NO_SCOPE)))
    }
    return returned
  }

  /** The row as it is now in the table; undefined when it was left alone. */
  #write(target: SqlTable, alias: string, row: SqlRow, conflict: Insert['conflict']): SqlRow | undefined {
    const key = target.keyOf(row)
    if (key === undefined) return this.#change(target, undefined, row)
    const isTouched = this.#touched.get(target)?.has(key) === true
    const before = target.find(key)
    if (before === undefined && !isTouched) return this.#change(target, key, row)
    if (conflict === undefined) {
      throw refusal('23505', `duplicate key value violates unique constraint of "${target.name}"`)
    }
    if (conflict.update === undefined) return undefined
    if (isTouched || before === undefined) {
      throw refusal('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time')
    }
    const scope: Scope = {
      sources: new Map([
        [alias, before],
        ['excluded', row],
      ]),
      outer: undefined,
    }
    const { set, where } = conflict.update
    if (where !== undefined && this.#valueOf(where, scope) !== true) return undefined
    const changed = set.map(({ column, to }) => [column, this.#valueOf(to, scope)] as const)
    return this.#change(target, key, target.rowOf({ ...before, ...Object.fromEntries(changed) }), before)
  }

  #change(target: SqlTable, key: string | undefined, after: SqlRow, before?: SqlRow): SqlRow {
    entryOf(this.#changes, target, () => []).push({ before, after })
    if (key !== undefined) entryOf(this.#touched, target, () => new Set<string>()).add(key)
    return after
  }

  #select({ items, from, where }: Select, outer: Scope): readonly SqlRow[] {
    const found: Scope[] = from === undefined ? [{ sources: new Map(), outer }] : this.#scopesOf(from, outer)
    const scopes = where === undefined ? found : found.filter((scope) => this.#valueOf(where, scope) === true)
    if (items === '*') return scopes.map(({ sources }) => Object.assign({}, ...sources.values()) as SqlRow)
    if (items.some(({ value }) => isAggregate(value))) {
      return [this.#itemsOf(items, { sources: new Map(), outer, count: scopes.length })]
    }
    return scopes.map((scope) => this.#itemsOf(items, scope))
  }

  #scopesOf(from: From, outer: Scope): Scope[] {
    const rows = this.#sourceOf(from, outer)
    return rows.map((row) => scopeOf(from.alias, row, outer))
  }

  #sourceOf(from: From, outer: Scope): readonly SqlRow[] {
    switch (from.kind) {
      case 'table':
        return this.#parts.get(from.table) ?? this.#tableNamed(from.table).rows
      case 'select':
        return this.#select(from.select, outer)
      case 'unnest': {
        const arrays = from.arrays.map((array) => this.#valueOf(array, outer) as readonly SqlValue[])
        const length = Math.max(...arrays.map((array) => array.length))
        return Array.from({ length }, (_, row) =>
          Object.fromEntries(arrays.map((array, column) => [`unnest${column}`, array[row] ?? null])),
        )
      }
      default:
        return assertNever(from)
    }
  }

  #itemsOf(items: readonly Item[], scope: Scope): SqlRow {
    const row: Record<string, SqlValue> = {}
    for (const { name, value } of items) row[freeName(name, row)] = this.#valueOf(value, scope)
    return row
  }

  #valueOf(expression: Expression, scope: Scope): SqlValue {
    switch (expression.kind) {
      case 'constant':
        return expression.value
      case 'parameter':
        return this.#values[expression.number - 1] ?? null
      case 'column':
        return columnIn(scope, expression.of, expression.name)
      case 'cast':
        return cast(this.#valueOf(expression.value, scope), expression.type)
      case 'compare': {
        const left = this.#valueOf(expression.left, scope)
        return compared(left, expression.by, this.#valueOf(expression.right, scope))
      }
      case 'and':
      case 'or': {
        const decisive = expression.kind === 'or'
        const sides = [this.#valueOf(expression.left, scope), this.#valueOf(expression.right, scope)]
        if (sides.includes(decisive)) return decisive
        return sides.includes(null) ? null : !decisive
      }
      case 'join': {
        const sides = [this.#valueOf(expression.left, scope), this.#valueOf(expression.right, scope)]
        return sides.includes(null) ? null : sides.join('')
      }
      case 'not': {
        const value = this.#valueOf(expression.value, scope)
        return value === null ? null : value !== true
      }
      case 'is-null':
        return this.#valueOf(expression.value, scope) === null
      case 'row':
        return expression.values.map((value) => this.#valueOf(value, scope))
      case 'select': {
        const [row] = this.#select(expression.select, scope)
        return row === undefined ? null : (Object.values(row)[0] ?? null)
      }
      case 'exists':
        return this.#select(expression.select, scope).length > 0
      case 'count':
        return BigInt(scope.count ?? 0)
      case 'call':
        return this.#call(
          expression.name,
          expression.args.map((arg) => this.#valueOf(arg, scope)),
        )
      default:
        return assertNever(expression)
    }
  }

  #call(name: string, args: readonly SqlValue[]): SqlValue {
    switch (name) {
      case 'pg_advisory_xact_lock':
      case 'pg_advisory_xact_lock_shared':
        return '' // nobody else is there at this instant
      case 'hashtextextended':
        return 0n
      case 'to_regclass': {
        const table = tableNameOf(String(args[0]))
        return this.#tables.get(table) === undefined ? null : table
      }
      default:
        assert(false, 'a function of a statement is not understood', { name })
    }
  }
}

function scopeOf(alias: string, row: SqlRow, outer: Scope): Scope {
  return { sources: new Map([[alias, row]]), outer }
}

function columnIn(scope: Scope, of: string | undefined, name: string): SqlValue {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const sources = of === undefined ? [...at.sources.values()] : [at.sources.get(of) ?? {}]
    const having = sources.filter((row) => Object.hasOwn(row, name))
    if (having.length > 1) throw refusal('42702', `column reference "${name}" is ambiguous`)
    if (having[0] !== undefined) return having[0][name] ?? null
  }
  throw refusal('42703', `column ${of === undefined ? '' : `${of}.`}${name} does not exist`)
}

function isAggregate(value: Expression): boolean {
  return value.kind === 'count' || (value.kind === 'cast' && isAggregate(value.value))
}

/** Rows are read by place when they are inserted: two columns of one name must both be there. */
function freeName(name: string, row: Readonly<Record<string, SqlValue>>): string {
  let free = name
  for (let i = 2; Object.hasOwn(row, free); i++) free = `${name} ${i}`
  return free
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make()
  map.set(key, found)
  return found
}
