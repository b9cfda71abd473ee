import { assert } from '#src/kit/assert.js'
import type {
  ColumnDefinition,
  Comparison,
  Conflict,
  CreateTable,
  Expression,
  From,
  Insert,
  Item,
  Query,
  Select,
  Statement,
} from './sql-syntax.js'

/** The statements of a text, several when `;` stands between them. Throws an InvariantError that shows the text. */
export function parseSql(text: string): readonly Statement[] {
  return new SqlParser(text).statements()
}

/** `schema.table` as it is named here: one text, whatever quotes stood around it. */
export function tableNameOf(text: string): string {
  return new SqlParser(text).tableName()
}

interface Token {
  readonly kind: 'word' | 'quoted' | 'string' | 'number' | 'parameter' | 'symbol' | 'end'
  readonly text: string
}

const TOKEN =
  /\s+|(?<word>[a-z_]\w*)|"(?<quoted>(?:[^"]|"")*)"|'(?<string>(?:[^']|'')*)'|\$(?<parameter>\d+)|(?<number>\d+)|(?<symbol>::|\|\||<=|>=|<>|[=<>(),.*;[\]])/giy
const END: Token = { kind: 'end', text: 'the end' }
const COMPARISONS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])

/** Recursive descent, one method a rule. */
class SqlParser {
  readonly #text: string
  readonly #tokens: readonly Token[]
  #next = 0
  #parameters = new Map<number, string | undefined>()
  readonly #plainReads = new Set<string>()

  constructor(text: string) {
    this.#text = text
    this.#tokens = this.#tokensOf(text)
  }

  statements(): Statement[] {
    const statements = [this.#statement()]
    while (this.#accepts(';')) statements.push(this.#statement())
    this.#expect(this.#token.kind === 'end', 'the end')
    return statements
  }

  tableName(): string {
    const first = this.#name()
    return this.#accepts('.') ? `${first}.${this.#name()}` : `public.${first}`
  }

  #statement(): Statement {
    if (this.#accepts('create')) return this.#createTable()
    if (this.#accepts('explain')) return { kind: 'explain', query: this.#query() }
    return this.#query()
  }

  #createTable(): CreateTable {
    this.#take('table')
    const isOptional = this.#accepts('if')
    if (isOptional) this.#takeAll('not', 'exists')
    const table = this.tableName()
    const columns: ColumnDefinition[] = []
    const key: string[] = []
    this.#take('(')
    do {
      if (this.#accepts('primary')) {
        this.#take('key')
        key.push(...this.#names())
        continue
      }
      const name = this.#name()
      const type = this.#type()
      const isNotNull = this.#accepts('not')
      if (isNotNull) this.#take('null')
      const isKey = this.#accepts('primary')
      if (isKey) {
        this.#take('key')
        key.push(name)
      }
      columns.push({ name, type, isNotNull })
    } while (this.#accepts(','))
    this.#take(')')
    const all = columns.map((column) => ({
      ...column,
      isNotNull: column.isNotNull || key.includes(column.name),
    }))
    return { kind: 'create-table', table, isOptional, columns: all, key }
  }

  #query(): Query {
    this.#parameters = new Map()
    this.#plainReads.clear()
    const parts: { name: string; body: Select | Insert }[] = []
    if (this.#accepts('with')) {
      do {
        const name = this.#name()
        this.#take('as')
        this.#accepts('materialized')
        parts.push({ name, body: this.#inParentheses(() => this.#body()) })
      } while (this.#accepts(','))
    }
    const main = this.#body()
    const isWrite = [...parts.map(({ body }) => body), main].some(({ kind }) => kind === 'insert')
    for (const { name } of parts) this.#plainReads.delete(name)
    const [plainRead] = isWrite ? this.#plainReads : []
    this.#expect(plainRead === undefined, `for share, where ${plainRead} is read`)
    return { kind: 'query', parts, main, parameters: this.#parameters }
  }

  #body(): Select | Insert {
    return this.#accepts('insert') ? this.#insert() : this.#select()
  }

  #insert(): Insert {
    this.#take('into')
    const table = this.tableName()
    const alias = this.#accepts('as') ? this.#name() : aliasOf(table)
    const columns = this.#names()
    const select = this.#select()
    const conflict = this.#accepts('on') ? this.#conflict() : undefined
    const returning = this.#accepts('returning') ? this.#items() : undefined
    return { kind: 'insert', table, alias, columns, select, conflict, returning }
  }

  #conflict(): Conflict {
    this.#take('conflict')
    const key = this.#names()
    this.#take('do')
    if (this.#accepts('nothing')) return { key, update: undefined }
    this.#takeAll('update', 'set')
    const set: { column: string; to: Expression }[] = []
    do {
      const column = this.#name()
      this.#take('=')
      set.push({ column, to: this.#expression() })
    } while (this.#accepts(','))
    return { key, update: { set, where: this.#where() } }
  }

  #select(): Select {
    this.#take('select')
    const items = this.#accepts('*') ? '*' : this.#is('from') ? [] : this.#items()
    const from = this.#accepts('from') ? this.#from() : undefined
    const where = this.#where()
    const isShared = this.#accepts('for')
    if (isShared) this.#take('share')
    else if (from?.kind === 'table') this.#plainReads.add(from.table)
    return { kind: 'select', items, from, where }
  }

  #from(): From {
    if (this.#is('(')) {
      const select = this.#inParentheses(() => this.#select())
      this.#take('as')
      return { kind: 'select', select, alias: this.#name() }
    }
    const first = this.#name()
    if (this.#is('(')) {
      this.#expect(first === 'unnest', 'unnest')
      return { kind: 'unnest', arrays: this.#inParentheses(() => this.#list()), alias: 'unnest' }
    }
    const table = this.#accepts('.') ? `${first}.${this.#name()}` : first
    return { kind: 'table', table, alias: this.#accepts('as') ? this.#name() : aliasOf(table) }
  }

  #where(): Expression | undefined {
    return this.#accepts('where') ? this.#expression() : undefined
  }

  #items(): Item[] {
    const items: Item[] = []
    do {
      const value = this.#expression()
      items.push({ value, name: this.#accepts('as') ? this.#name() : nameOf(value) })
    } while (this.#accepts(','))
    return items
  }

  #list(): Expression[] {
    const list = [this.#expression()]
    while (this.#accepts(',')) list.push(this.#expression())
    return list
  }

  #expression(): Expression {
    let left = this.#conjunction()
    while (this.#accepts('or')) left = { kind: 'or', left, right: this.#conjunction() }
    return left
  }

  #conjunction(): Expression {
    let left = this.#negation()
    while (this.#accepts('and')) left = { kind: 'and', left, right: this.#negation() }
    return left
  }

  #negation(): Expression {
    return this.#accepts('not') ? { kind: 'not', value: this.#negation() } : this.#comparison()
  }

  #comparison(): Expression {
    const left = this.#joined()
    if (this.#accepts('is')) {
      const isNot = this.#accepts('not')
      this.#take('null')
      const isNull: Expression = { kind: 'is-null', value: left }
      return isNot ? { kind: 'not', value: isNull } : isNull
    }
    const { kind, text } = this.#token
    if (kind !== 'symbol' || !COMPARISONS.has(text)) return left
    this.#next++
    return { kind: 'compare', by: text as Comparison, left, right: this.#joined() }
  }

  #joined(): Expression {
    let left = this.#cast()
    while (this.#accepts('||')) left = { kind: 'join', left, right: this.#cast() }
    return left
  }

  #cast(): Expression {
    let value = this.#primary()
    while (this.#accepts('::')) {
      const type = this.#type()
      if (value.kind === 'parameter') this.#parameters.set(value.number, type)
      value = { kind: 'cast', value, type }
    }
    return value
  }

  #primary(): Expression {
    const { kind, text } = this.#token
    switch (kind) {
      case 'parameter': {
        this.#next++
        const number = Number(text)
        this.#parameters.set(number, this.#parameters.get(number))
        return { kind, number }
      }
      case 'number': {
        this.#next++
        const number = Number(text)
        return { kind: 'constant', value: Number.isSafeInteger(number) ? number : BigInt(text) }
      }
      case 'string':
        this.#next++
        return { kind: 'constant', value: text }
      case 'symbol':
        return this.#inParentheses(() => this.#parenthesised())
      default:
        return this.#named()
    }
  }

  #parenthesised(): Expression {
    if (this.#is('select')) return { kind: 'select', select: this.#select() }
    const values = this.#list()
    return values.length === 1 ? values[0]! : { kind: 'row', values }
  }

  #named(): Expression {
    if (this.#accepts('null')) return { kind: 'constant', value: null }
    if (this.#accepts('true')) return { kind: 'constant', value: true }
    if (this.#accepts('false')) return { kind: 'constant', value: false }
    if (this.#accepts('exists')) {
      return { kind: 'exists', select: this.#inParentheses(() => this.#select()) }
    }
    const name = this.#name()
    if (this.#accepts('.')) return { kind: 'column', of: name, name: this.#name() }
    if (!this.#is('(')) return { kind: 'column', of: undefined, name }
    return this.#inParentheses(() => {
      if (name === 'count' && this.#accepts('*')) return { kind: 'count' }
      return { kind: 'call', name, args: this.#list() }
    })
  }

  #type(): string {
    let type = this.#name()
    if (type === 'double') type += ` ${this.#take('precision')}`
    if (!this.#accepts('[')) return type
    this.#take(']')
    return `${type}[]`
  }

  #names(): string[] {
    return this.#inParentheses(() => {
      const names = [this.#name()]
      while (this.#accepts(',')) names.push(this.#name())
      return names
    })
  }

  #name(): string {
    const { kind, text } = this.#token
    this.#expect(kind === 'word' || kind === 'quoted', 'a name')
    this.#next++
    return text
  }

  #inParentheses<T>(rule: () => T): T {
    this.#take('(')
    const found = rule()
    this.#take(')')
    return found
  }

  #is(text: string): boolean {
    const token = this.#token
    return (token.kind === 'word' || token.kind === 'symbol') && token.text === text
  }

  #accepts(text: string): boolean {
    if (!this.#is(text)) return false
    this.#next++
    return true
  }

  #take(text: string): string {
    this.#expect(this.#is(text), text)
    this.#next++
    return text
  }

  #takeAll(...texts: readonly string[]): void {
    for (const text of texts) this.#take(text)
  }

  get #token(): Token {
    return this.#tokens[this.#next] ?? END
  }

  #expect(isThere: boolean, wanted: string): asserts isThere {
    const found = this.#token.text
    assert(isThere, 'a statement is not understood', { wanted, found, statement: this.#text })
  }

  #tokensOf(text: string): Token[] {
    const tokens: Token[] = []
    let end = 0
    for (const { 0: whole, groups = {}, index } of text.matchAll(TOKEN)) {
      end = index + whole.length
      for (const [kind, found] of Object.entries(groups)) {
        if (found !== undefined) tokens.push({ kind: kind as Token['kind'], text: unquoted(kind, found) })
      }
    }
    assert(end === text.length, 'a statement is not understood', { at: text.slice(end), statement: text })
    return tokens
  }
}

function unquoted(kind: string, text: string): string {
  if (kind === 'quoted') return text.replaceAll('""', '"')
  if (kind === 'string') return text.replaceAll("''", "'")
  return kind === 'word' ? text.toLowerCase() : text
}

/** The last part: what columns of the table are qualified with. */
function aliasOf(table: string): string {
  return table.slice(table.indexOf('.') + 1)
}

/** What PostgreSQL calls a column of the answer that was given no name. */
function nameOf(value: Expression): string {
  switch (value.kind) {
    case 'column':
      return value.name
    case 'cast':
      return nameOf(value.value)
    case 'call':
      return value.name
    case 'count':
      return 'count'
    default:
      return '?column?'
  }
}
