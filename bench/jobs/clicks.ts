/** What both sides of the throughput benchmark make and do to a record: the same work, written once. */
export interface Click {
  readonly userId: string
  readonly url: string
  readonly ts: number
  readonly loggedIn: boolean
}

export interface Row {
  readonly userId: string
  readonly clicks: number
}

const USERS = 10_000
/** Knuth's multiplier: neighbours in time are strangers. */
const SCATTER = 2_654_435_761 | 0
const URLS = Array.from({ length: 100 }, (_, i) => `/page/${i}`)
const NAMES = Array.from({ length: USERS }, (_, i) => `user-${i}`)

/** Scattered over all users; three of four are logged in. */
export function clickAt(index: number): Click {
  return {
    userId: NAMES[(Math.imul(index, SCATTER) >>> 0) % USERS]!,
    url: URLS[index % URLS.length]!,
    ts: index,
    loggedIn: (index & 3) !== 0,
  }
}

export function isLoggedIn(click: Pick<Click, 'loggedIn'>): boolean {
  return click.loggedIn
}

export function rowOf(click: Click): Row {
  return { userId: click.userId, clicks: 1 }
}

/** How many of the first `clicks` are logged in. */
export function loggedInOf(clicks: number): number {
  return clicks - Math.ceil(clicks / 4)
}
