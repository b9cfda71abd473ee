/**
 * Finds out whether a key selector does no more than read fields: `row => row.userId`, or a tuple of such. Then a
 * keyed sink whose rows are named by the same fields may stay where the stream is, instead of being reached over the
 * network.
 *
 * The function is called with a stand-in record that notes what is read; and because it might look further than its
 * first answer (`row.a ?? row.b`), its text may hold nothing but names, dots and brackets. Any doubt means no.
 */
export function plainFields(keyOf: (record: never) => unknown): readonly string[] | undefined {
  if (!readsOnly(keyOf)) return undefined
  const fieldOf = new Map<unknown, string>()
  const record = new Proxy(Object.create(null) as object, {
    get(_, field) {
      if (typeof field !== 'string') throw new TypeError('not a field')
      const value = Object.freeze(Object.create(null) as object)
      fieldOf.set(value, field)
      return value
    },
  })
  let key: unknown
  try {
    key = keyOf(record as never)
  } catch {
    return undefined
  }
  const fields = (Array.isArray(key) ? key : [key]).map((part) => fieldOf.get(part))
  const isPlain =
    fields.length > 0 && fields.length === fieldOf.size && fields.every((field) => field !== undefined)
  return isPlain ? fields : undefined
}

/** Parameters may be destructured; the body is an expression, or one `return`, without operators and calls. */
const READS_ONLY =
  /^\s*\(?\s*[\w$\s,:{}]+\s*\)?\s*=>\s*(?:\{\s*return\b[\w$\s.,[\]'"]*;?\s*\}|[\w$\s.,[\]'"]+)$/

function readsOnly(keyOf: (record: never) => unknown): boolean {
  return READS_ONLY.test(Function.prototype.toString.call(keyOf))
}

/** The key selector that reads `fields`: the field itself, or a tuple. */
export function keyOfFields(fields: readonly string[]): (record: unknown) => unknown {
  const [field, ...more] = fields
  if (field !== undefined && more.length === 0) return (record) => (record as Record<string, unknown>)[field]
  return (record) => fields.map((each) => (record as Record<string, unknown>)[each])
}

export function sameFields(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((field) => b.includes(field))
}
