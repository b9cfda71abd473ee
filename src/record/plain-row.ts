/** A plain object, as most records are: its fields by name. */
export type Row = Record<string, unknown>

/** No class, whose instances mean more than their fields, and no list. */
export function isPlainRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && value.constructor === Object
}
