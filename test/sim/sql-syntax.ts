/**
 * The SQL that Retake's PostgreSQL sink writes, as a tree: reads and inserts, with what goes before them in `with`, and
 * the creation of tables. What is not of this language is refused aloud, and so is what a server that carries out each
 * statement at one instant could not judge: a write that hangs on a row read without `for share`.
 */
export type Statement = Query | CreateTable | Explain

/** `with name as (…), … main`: what is in front runs first, and all parts see one snapshot. */
export interface Query {
  readonly kind: 'query'
  readonly parts: readonly { readonly name: string; readonly body: Select | Insert }[]
  readonly main: Select | Insert
  /** The `$n` that stand in it, each with the type that it is cast to: it is read as that before anything runs. */
  readonly parameters: ReadonlyMap<number, string | undefined>
}

export interface CreateTable {
  readonly kind: 'create-table'
  readonly table: string
  readonly isOptional: boolean
  readonly columns: readonly ColumnDefinition[]
  readonly key: readonly string[]
}

/** Only looks whether the query could run. */
export interface Explain {
  readonly kind: 'explain'
  readonly query: Query
}

export interface ColumnDefinition {
  readonly name: string
  readonly type: string
  readonly isNotNull: boolean
}

export interface Select {
  readonly kind: 'select'
  readonly items: '*' | readonly Item[]
  readonly from: From | undefined
  readonly where: Expression | undefined
}

export interface Insert {
  readonly kind: 'insert'
  readonly table: string
  readonly alias: string
  readonly columns: readonly string[]
  readonly select: Select
  readonly conflict: Conflict | undefined
  readonly returning: readonly Item[] | undefined
}

export interface Conflict {
  readonly key: readonly string[]
  readonly update: Update | undefined
}

export interface Update {
  readonly set: readonly { readonly column: string; readonly to: Expression }[]
  readonly where: Expression | undefined
}

export interface Item {
  readonly name: string
  readonly value: Expression
}

export type From =
  | { readonly kind: 'table'; readonly table: string; readonly alias: string }
  | { readonly kind: 'select'; readonly select: Select; readonly alias: string }
  | { readonly kind: 'unnest'; readonly arrays: readonly Expression[]; readonly alias: string }

export type Comparison = '=' | '<>' | '<' | '<=' | '>' | '>='

export type Expression =
  | { readonly kind: 'constant'; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: 'parameter'; readonly number: number }
  | { readonly kind: 'column'; readonly of: string | undefined; readonly name: string }
  | { readonly kind: 'cast'; readonly value: Expression; readonly type: string }
  | {
      readonly kind: 'compare'
      readonly by: Comparison
      readonly left: Expression
      readonly right: Expression
    }
  | { readonly kind: 'and' | 'or' | 'join'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly value: Expression }
  | { readonly kind: 'is-null'; readonly value: Expression }
  | { readonly kind: 'row'; readonly values: readonly Expression[] }
  | { readonly kind: 'select' | 'exists'; readonly select: Select }
  | { readonly kind: 'count' }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
