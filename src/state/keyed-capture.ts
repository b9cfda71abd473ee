import { assert } from '../kit/assert.js'
import type { GroupRange } from '../kit/key-group.js'
import { LIMITS } from '../kit/limits.js'
import type { CopyOnWrite, GroupReader } from './copy-on-write.js'
import { type EncodedGroup, type KeyedPartContent, writeKeyedPart } from './keyed-part.js'
import type { BlobWriter, Capture, OperatorSnapshot } from './snapshot.js'

export interface KeyedCaptureOptions {
  readonly range: GroupRange
  readonly copies: CopyOnWrite
  /** Indices (in the range) of the groups that hold something now. */
  readonly indices: readonly number[]
  /** Values and timers of a group: how much work it is. */
  readonly entriesOf: (index: number) => number
  /** All but the groups. */
  readonly content: Omit<KeyedPartContent, 'groups'>
}

/**
 * A snapshot of keyed state as of the moment it was made. Groups come in as they are encoded: in slices, or because
 * somebody is about to write to them, whichever is first.
 */
export class KeyedCapture implements Capture, GroupReader {
  readonly #options: KeyedCaptureOptions
  readonly #encoded: EncodedGroup[] = []
  /** How many of `indices` slices have passed. */
  #passed = 0
  #isAbandoned = false

  constructor(options: KeyedCaptureOptions) {
    this.#options = options
    for (const index of options.indices) options.copies.waitFor(index, this)
  }

  onGroup(encoded: EncodedGroup): void {
    this.#encoded.push(encoded)
  }

  slice(): boolean {
    const { indices, copies, entriesOf } = this.#options
    let entries = 0
    while (this.#encoded.length < indices.length && entries < LIMITS.captureEntries) {
      const index = indices[this.#passed++]
      if (index === undefined) break
      if (!copies.isWaitedFor(index)) continue
      entries += entriesOf(index)
      copies.settle(index)
    }
    return this.#encoded.length === indices.length
  }

  async upload(blobs: BlobWriter): Promise<Partial<OperatorSnapshot>> {
    assert(!this.#isAbandoned, 'what was abandoned is not uploaded')
    for (let isEncoded = this.slice(); !isEncoded; ) isEncoded = this.slice()
    if (this.#encoded.length === 0) return {}
    const groups = this.#encoded.sort((a, b) => a.group - b.group)
    const part = await blobs.put('keyed', writeKeyedPart({ ...this.#options.content, groups }))
    const { first, last } = this.#options.range
    return { keyed: { firstGroup: first, lastGroup: last, part } }
  }

  /** The checkpoint was given up: groups are no longer encoded for it. */
  abandon(): void {
    this.#isAbandoned = true
    this.#options.copies.forget(this)
  }
}
