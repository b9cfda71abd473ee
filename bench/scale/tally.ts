/** How often something happened, and in how many bytes. */
export interface Count {
  readonly times: number
  readonly bytes: number
}

/** What was counted, by name. */
export type Counts = ReadonlyMap<string, Count>

export const NONE: Count = { times: 0, bytes: 0 }

/** Counts by name, for ever: who wants to know what happened in between reads it twice. */
export class Tally {
  readonly #counts = new Map<string, { times: number; bytes: number }>()

  add(name: string, bytes = 0): void {
    const count = this.#counts.get(name)
    if (count === undefined) this.#counts.set(name, { times: 1, bytes })
    else {
      count.times++
      count.bytes += bytes
    }
  }

  read(): Counts {
    return new Map([...this.#counts].map(([name, count]) => [name, { ...count }]))
  }
}

/** What was counted after `earlier` was read, and before `later` was. */
export function between(earlier: Counts, later: Counts): Counts {
  const counts = [...later].map(([name, { times, bytes }]) => {
    const before = earlier.get(name) ?? NONE
    return [name, { times: times - before.times, bytes: bytes - before.bytes }] as const
  })
  return new Map(counts.filter(([, { times }]) => times > 0))
}

export function sumOf(all: readonly Counts[], isMeant: (name: string) => boolean = () => true): Count {
  let [times, bytes] = [0, 0]
  for (const [name, count] of all.flatMap((counts) => [...counts])) {
    if (!isMeant(name)) continue
    times += count.times
    bytes += count.bytes
  }
  return { times, bytes }
}
