/**
 * What the tests can have on this machine, and why not the rest, as data: a suite that needs what is not there is
 * skipped by name with the reason, and never by accident. `RETAKE_REQUIRE_SERVERS=1` (set by .ci/run) makes it fail.
 */
export type Availability<T> =
  | { readonly kind: 'available'; readonly value: T }
  | { readonly kind: 'unavailable'; readonly reason: string }

/** Tries to have something; what it throws, in one line, is the reason why it cannot be had. */
export async function availabilityOf<T>(have: () => Promise<T>): Promise<Availability<T>> {
  try {
    return { kind: 'available', value: await have() }
  } catch (error) {
    return { kind: 'unavailable', reason: oneLine(error) }
  }
}

export async function mustHave<T>(what: string, availability: Promise<Availability<T>>): Promise<T> {
  const answer = await availability
  if (answer.kind === 'available') return answer.value
  throw new Error(`${what} cannot be had: ${answer.reason}`)
}

/**
 * Remembers answers for this process and for those it starts. A download that failed once is not tried again by every
 * test file: `npm test` asks for everything before it starts them, and they inherit the refusals by environment.
 */
export function remembered<T>(
  name: string,
  ask: () => Promise<Availability<T>>,
): () => Promise<Availability<T>> {
  const variable = refusalVariable(name)
  let answer: Promise<Availability<T>> | undefined
  return () => {
    const reason = process.env[variable]
    if (reason !== undefined && reason !== '') return Promise.resolve({ kind: 'unavailable', reason })
    answer ??= ask()
    return answer
  }
}

/** The environment variable that tells why a server cannot be had. */
export function refusalVariable(name: string): string {
  return `RETAKE_UNAVAILABLE_${name.toUpperCase().replaceAll('-', '_')}`
}

export const SERVERS_ARE_REQUIRED: boolean = process.env.RETAKE_REQUIRE_SERVERS === '1'

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  return message.replaceAll(/\s+/g, ' ').trim().slice(0, 300)
}
