import { isPlainRow, type Row } from '../record/plain-row.js'

/** Makes a row of what stands at `position` in each column. */
type RowMaker = (columns: readonly (readonly unknown[])[], position: number) => Row

/** More than that is no row but a dictionary. */
const FIELDS_MAX = 64

/**
 * The fields that the rows of one state have, learned from the first of them. Rows with these fields, in this order,
 * whose values are scalars, may stand in columns: a list for each field.
 */
export class RowShape {
  readonly names: readonly string[]
  readonly rowAt: RowMaker
  /** Most states are asked for one field only. */
  #name: string | undefined
  #field = -1

  /** @param names each once, and none `__proto__` */
  constructor(names: readonly string[]) {
    this.names = names
    this.rowAt = rowMaker(names)
  }

  /** Undefined: it is no row of scalars. */
  static of(value: unknown): RowShape | undefined {
    if (!isPlainRow(value)) return undefined
    const names = Object.keys(value)
    const fit = names.length > 0 && names.length <= FIELDS_MAX && !names.includes('__proto__')
    return fit && names.every((name) => isScalar(value[name])) ? new RowShape(names) : undefined
  }

  hasSameFields({ names }: RowShape): boolean {
    return names.length === this.names.length && names.every((name, i) => name === this.names[i])
  }

  /** The position of a field; -1: rows have none of that name. */
  fieldOf(name: string): number {
    if (name !== this.#name) {
      this.#name = name
      this.#field = this.names.indexOf(name)
    }
    return this.#field
  }

  /** Puts a row into columns; false: it has another shape, and what stands at `position` now is of no use. */
  write(value: unknown, columns: readonly unknown[][], position: number): boolean {
    if (!isPlainRow(value)) return false
    const names = this.names
    let field = 0
    for (const name in value) {
      if (name !== names[field]) return false
      const scalar = value[name]
      if (!isScalar(scalar)) return false
      columns[field]![position] = scalar
      field += 1
    }
    return field === names.length
  }
}

/** What cannot change in place. */
function isScalar(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null
    case 'function':
    case 'symbol':
      return false
    default:
      return true
  }
}

/** One object literal, so that all rows have one hidden class. Where no code may be made of texts, field by field. */
function rowMaker(names: readonly string[]): RowMaker {
  const fields = names.map((name, i) => `${JSON.stringify(name)}: columns[${i}][position]`)
  try {
    return new Function('columns', 'position', `return { ${fields.join(', ')} }`) as RowMaker
  } catch {
    return (columns, position) => Object.fromEntries(names.map((name, i) => [name, columns[i]![position]]))
  }
}
