/**
 * The clicks of the main job, made from their number alone: whoever counts them by this formula knows what must stand
 * in the table, whatever reads the topic.
 */
export const USERS = 10_000

/** Knuth's multiplier: neighbours in time are strangers. */
const SCATTER = 2_654_435_761 | 0
const PAGES = 100
/** When the first click was made; they came one a millisecond. */
const FIRST_AT = 1_767_225_600_000

/** As it stands in the topic, some 80 bytes: three of four users are logged in. */
export function clickJson(index: number): string {
  const url = `/page/${index % PAGES}`
  return `{"userId":"${userName(userOf(index))}","url":"${url}","ts":${FIRST_AT + index},"loggedIn":${isLoggedIn(index)}}`
}

export function userName(user: number): string {
  return `user-${user}`
}

/** How often each user has clicked while logged in, in the first `count` clicks. */
export function clicksPerUser(count: number): Int32Array {
  const clicks = new Int32Array(USERS)
  for (let index = 0; index < count; index++) {
    if (isLoggedIn(index)) clicks[userOf(index)]!++
  }
  return clicks
}

function userOf(index: number): number {
  return (Math.imul(index, SCATTER) >>> 0) % USERS
}

function isLoggedIn(index: number): boolean {
  return (index & 3) !== 0
}
