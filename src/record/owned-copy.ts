/// <reference lib="es2024.string" />
/**
 * A copy of plain data that shares nothing with it: what an operator emits in place of what it keeps. Records are
 * plain data by the time they cross a channel, so a class's instance becomes what it would have become there; so does
 * a text with half a surrogate pair. What is kept then says the same before a restart and after it, in any placement.
 */
export function ownedCopy<T>(value: T): T {
  if (typeof value === 'string') return wellFormed(value) as T
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(ownedCopy) as T
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return foreignCopy(value)
  const copy: Record<string, unknown> = { ...(value as Record<string, unknown>) }
  for (const name in copy) {
    const field = copy[name]
    if (typeof field === 'object' && field !== null) copy[name] = ownedCopy(field)
    else if (typeof field === 'string' && !field.isWellFormed()) copy[name] = wellFormed(field)
  }
  return copy as T
}

/** The same of what `ownedCopy` has made, or a restore: its texts are well-formed, and no class has instances in it. */
export function copyOfOwned<T extends object>(owned: T): T {
  const copy: Record<string, unknown> = { ...(owned as Record<string, unknown>) }
  for (const name in copy) {
    const field = copy[name]
    if (typeof field === 'object' && field !== null) copy[name] = ownedCopy(field)
  }
  return copy as T
}

/** U+FFFD for each lone surrogate. */
function wellFormed(text: string): string {
  return text.isWellFormed() ? text : text.toWellFormed()
}

/** Dates, maps, sets and bytes as what they are; an instance of a user's class as its fields. */
function foreignCopy<T extends object>(value: T): T {
  const isBuiltIn =
    value instanceof Date || value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)
  return isBuiltIn ? structuredClone(value) : ownedCopy({ ...value })
}
