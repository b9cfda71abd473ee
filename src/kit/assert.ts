/** An invariant did not hold: a bug in Retake, never a fault of the user's data. The actor that meets it crashes. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Asserts an invariant, always on. The message prints `values`, so that a report of the crash says what was seen. */
export function assert(
  condition: boolean,
  claim: string,
  values?: Readonly<Record<string, unknown>>,
): asserts condition {
  if (condition) return
  throw new InvariantError(values === undefined ? claim : `${claim} ${printed(values)}`)
}

/** Closes a switch over a union: does not compile while a case is missing. */
export function assertNever(value: never): never {
  throw new InvariantError(`a case that cannot be: ${printed({ value })}`)
}

function printed(values: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(values, (_, value) => (typeof value === 'bigint' ? `${value}n` : value))
}
