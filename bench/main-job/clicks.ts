/**
 * The clicks of the main job, made from their number alone: whoever counts them by this formula knows what must stand
 * in the table, whatever reads the topic.
 */
export const USERS = 10_000

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

/** All users alike, in no order: the last steps of murmur3 make a number of 32 bits look like chance. */
function userOf(index: number): number {
  let bits = Math.imul(index ^ (index >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) % USERS
}

function isLoggedIn(index: number): boolean {
  return (index & 3) !== 0
}
