/** How much one round of each actor benchmark does, the same for every library. Names and shapes are Savina's. */
export const SIZES = {
  /** "Counting". After `burst` messages the producer waits until they are counted: mailboxes are bounded. */
  tell: { messages: 100_000, burst: 1_000 },
  /** One ball between two actors. */
  pingPong: { messages: 50_000 },
  /** One token around a ring. */
  threadRing: { actors: 100, messages: 50_000 },
  /** One actor gives each of many the same number of messages, and waits until all have dealt with theirs. */
  forkJoin: { actors: 60, messagesEach: 1_000 },
  /** Each actor pings others by lot, the next one when the pong has come. */
  big: { actors: 120, pingsEach: 250 },
  /** Questions, so many of them unanswered at any time. */
  ask: { questions: 20_000, inFlight: 64 },
} as const

/** Whom each actor of `big` pings: the same lots in every library, and cheap to draw. */
export function lotOf(actor: number, ping: number): number {
  return (Math.imul(actor * SIZES.big.pingsEach + ping, 2_654_435_761) >>> 8) % SIZES.big.actors
}
