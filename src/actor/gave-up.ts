/** Thrown by a supervisor whose restart strategy gave up: it ends with the reason `gave-up`, which its parent sees. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp'
}

/** A parent that did not ask to hear of a child's end fails with it; the child's failure is the cause. */
export class ChildFailed extends Error {
  override readonly name = 'ChildFailed'
}
