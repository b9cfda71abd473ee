import { type Random, randomInteger, seededRandom } from '#src/kit/random.js'

/** One of the things that may happen. */
export interface Weighted {
  /** How often it comes for once that a thing of weight 1 does. */
  readonly weight: number
}

export interface PlannedFault<Kind> {
  /** 1, 2, 3 … */
  readonly number: number
  readonly kind: Kind
  /** Since the run began. */
  readonly atMs: number
  /** Draws whom it strikes and how long it lasts. */
  readonly seed: number
}

export interface ScheduleOptions<Kind> {
  readonly kinds: readonly Kind[]
  readonly seed: number
  readonly fromMs: number
  /** Nothing happens from then on. */
  readonly untilMs: number
  readonly everyMs: number
}

/**
 * What happens when, the same for the same seed. The kinds are dealt as cards are: each comes as often as its weight
 * says before one of them comes once more than that, so a long run has them all and a short one has no favourites.
 */
export function scheduleOf<Kind extends Weighted>({
  kinds,
  seed,
  fromMs,
  untilMs,
  everyMs,
}: ScheduleOptions<Kind>): readonly PlannedFault<Kind>[] {
  if (kinds.length === 0) return []
  const random = seededRandom(seed)
  const planned: PlannedFault<Kind>[] = []
  let deck: Kind[] = []
  for (let atMs = fromMs; atMs < untilMs; atMs += everyMs) {
    if (deck.length === 0)
      deck = shuffled(
        kinds.flatMap((kind) => Array(kind.weight).fill(kind)),
        random,
      )
    const kind = deck.pop()
    if (kind === undefined) return planned
    planned.push({ number: planned.length + 1, kind, atMs, seed: randomInteger(random, 2 ** 31) })
  }
  return planned
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInteger(random, i + 1)
    const [a, b] = [result[i]!, result[j]!]
    result[i] = b
    result[j] = a
  }
  return result
}
