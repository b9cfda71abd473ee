/** JSON that is the same for equal data: keys sorted, what is undefined left out, without fields called `omitted`. */
export function canonicalJson(value: unknown, omitted: ReadonlySet<string> = new Set()): string {
  if (typeof value === 'bigint') return JSON.stringify(`${value}n`)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (value instanceof Date) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map((each) => canonicalJson(each, omitted)).join(',')}]`
  const fields = Object.entries(value)
    .filter(([name, field]) => field !== undefined && typeof field !== 'function' && !omitted.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field, omitted)}`).join(',')}}`
}
