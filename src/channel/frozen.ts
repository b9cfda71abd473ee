/**
 * The same value, frozen all the way down, so that an operator that changes what it was given, or a sender that kept
 * what it gave away, throws at once. For tests: it costs a walk over every record.
 */
export function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value
  Object.freeze(value)
  if (value instanceof Map) for (const [key, held] of value) [key, held].forEach(frozen)
  else if (value instanceof Set) value.forEach(frozen)
  else Object.values(value).forEach(frozen)
  return value
}
