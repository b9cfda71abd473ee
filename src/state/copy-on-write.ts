import type { EncodedGroup } from './keyed-part.js'

/** What a capture wants of each key group: its bytes as of the moment of the capture. */
export interface GroupReader {
  onGroup(encoded: EncodedGroup): void
}

/**
 * Keeps what captures have fixed. A group that some capture still needs is encoded before it is written; until then
 * it has not changed, so one encoding serves every capture that waits for it.
 */
export class CopyOnWrite {
  readonly #encode: (index: number) => EncodedGroup
  /** The captures that wait for a group, by its index. */
  readonly #waiting: (GroupReader[] | undefined)[] = []
  #groupsWaitedFor = 0

  /** @param encode the group at this index, as it is now */
  constructor(encode: (index: number) => EncodedGroup) {
    this.#encode = encode
  }

  /** Whether any group is waited for: asked on every access, so that nothing more costs a thing between captures. */
  get isPending(): boolean {
    return this.#groupsWaitedFor > 0
  }

  waitFor(index: number, reader: GroupReader): void {
    const readers = this.#waiting[index]
    if (readers !== undefined) {
      readers.push(reader)
      return
    }
    this.#waiting[index] = [reader]
    this.#groupsWaitedFor += 1
  }

  isWaitedFor(index: number): boolean {
    return this.#waiting[index] !== undefined
  }

  /** Call before the group changes, or may change under a reference that is handed out. */
  beforeWrite(index: number): void {
    if (this.#groupsWaitedFor > 0) this.settle(index)
  }

  /** Encodes the group for all that wait for it. */
  settle(index: number): void {
    const readers = this.#waiting[index]
    if (readers === undefined) return
    const encoded = this.#encode(index)
    this.#waiting[index] = undefined
    this.#groupsWaitedFor -= 1
    for (const reader of readers) reader.onGroup(encoded)
  }

  /** `reader` has been given up: nothing is encoded for it any more. */
  forget(reader: GroupReader): void {
    this.#waiting.forEach((readers, index) => {
      const others = readers?.filter((each) => each !== reader)
      if (others === undefined || others.length === readers?.length) return
      this.#waiting[index] = others.length === 0 ? undefined : others
      if (others.length === 0) this.#groupsWaitedFor -= 1
    })
  }
}
