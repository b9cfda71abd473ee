/** Clicks of many users, and the row that is kept for each: about 100 bytes of a checkpoint. */
export interface Click {
  readonly userId: string
  readonly url: string
  readonly loggedIn: boolean
}

export interface Row {
  readonly userId: string
  readonly url: string
  readonly clicks: number
}

/** What a user's row adds to the parts of a checkpoint, roughly: the runs say what it was. */
export const ROW_BYTES = 100

/** For node: room for a gigabyte of state as objects, in each of two threads. */
export const HEAP: readonly string[] = ['--max-old-space-size=8192']

/** Of the state of so many users, for people: `100 MB`. */
export function sizeOf(users: number): string {
  const bytes = users * ROW_BYTES
  return bytes >= 1e9 ? `${bytes / 1e9} GB` : `${bytes / 1e6} MB`
}

/** Knuth's multiplier: neighbours in time are strangers. */
const SCATTER = 2_654_435_761 | 0
const URLS = Array.from({ length: 1_000 }, (_, i) => `/${'section-of-the-shop/'.repeat(3)}${i}`)

/** The first `users` clicks are of as many users, so that the state soon has its size; then they are scattered. */
export function clickAt(index: number, users: number): Click {
  const isFirst = index < users
  const user = isFirst ? index : (Math.imul(index, SCATTER) >>> 0) % users
  return { userId: `user-${user}`, url: URLS[user % URLS.length]!, loggedIn: isFirst || (index & 3) !== 0 }
}

export function isLoggedIn(click: Click): boolean {
  return click.loggedIn
}

export function rowOf({ userId, url }: Click): Row {
  return { userId, url, clicks: 1 }
}
