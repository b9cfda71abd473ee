import { packValue, unpackValue } from '../record/value-codec.js'

/**
 * What a snapshot keeps of a value that is about to be handed out, and may be changed in place. Rows and tuples of
 * scalars are copied field by field; whatever else there is goes through its bytes, which is what the snapshot holds.
 */
export function keptCopy(value: unknown, where: string): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.every(isScalar) ? value.slice() : throughBytes(value, where)
  if (Object.getPrototypeOf(value) !== Object.prototype) return throughBytes(value, where)
  const row = value as Record<string, unknown>
  for (const name in row) if (!isScalar(row[name])) return throughBytes(value, where)
  return { ...row }
}

function isScalar(value: unknown): boolean {
  return value === null || (typeof value !== 'object' && typeof value !== 'function')
}

function throughBytes(value: unknown, where: string): unknown {
  return unpackValue(packValue(value, where))
}
