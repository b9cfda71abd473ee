import type { CheckpointId } from '../kit/ids.js'
import type { BlobName, Part, SubtaskSnapshot } from '../state/snapshot.js'
import { blobsOf, garbageOf, type NamesBlobs } from './retention.js'

/**
 * Which blobs of a run may go. Something becomes a candidate when what named it was given up: a checkpoint that the
 * log released, or one that was aborted. An aborted one's staged rows are still staged, so its blobs wait until a
 * higher checkpoint is complete, which names those rows again unless the database has confirmed them.
 *
 * Nothing goes while a retained checkpoint's manifest has not been read: it might name anything.
 */
export class RetainedBlobs {
  /** Blobs by retained checkpoint, with its manifest; undefined while not known. */
  readonly #retained = new Map<CheckpointId, ReadonlySet<BlobName> | undefined>()
  readonly #aborted = new Map<CheckpointId, NamesBlobs[]>()
  readonly #candidates = new Set<BlobName>()

  /** Oldest first. */
  retained(): readonly CheckpointId[] {
    return [...this.#retained.keys()].sort((a, b) => a - b)
  }

  /** Retained checkpoints whose manifests must be read first. */
  unknown(): readonly CheckpointId[] {
    return this.retained().filter((checkpoint) => this.#retained.get(checkpoint) === undefined)
  }

  /** Every blob that a retained checkpoint names; undefined while one of them is not known. */
  named(): readonly ReadonlySet<BlobName>[] | undefined {
    const named: ReadonlySet<BlobName>[] = []
    for (const blobs of this.#retained.values()) {
      if (blobs === undefined) return undefined
      named.push(blobs)
    }
    return named
  }

  /** The log retains `checkpoint`; its manifest may not have been read yet. */
  retain(checkpoint: CheckpointId, manifest: Part, content: NamesBlobs | undefined): void {
    const known = this.#retained.get(checkpoint)
    this.#retained.set(checkpoint, content === undefined ? known : blobsOf(content).add(manifest.blob))
  }

  /** The log has released `checkpoint`. */
  release(checkpoint: CheckpointId): void {
    for (const blob of this.#retained.get(checkpoint) ?? []) this.#candidates.add(blob)
    this.#retained.delete(checkpoint)
  }

  /** `snapshots` were stored for a checkpoint that will not be complete. */
  abort(checkpoint: CheckpointId, snapshots: readonly SubtaskSnapshot[]): void {
    if (snapshots.length === 0) return
    const list = this.#aborted.get(checkpoint)
    if (list === undefined) this.#aborted.set(checkpoint, [{ subtasks: snapshots }])
    else list.push({ subtasks: snapshots })
  }

  /** The attempt is over: what it left behind without a manifest is swept by the next one. */
  forgetAttempt(): void {
    this.#aborted.clear()
  }

  /** Takes what may be deleted now. `pending` are snapshots of checkpoints under way. */
  takeGarbage(pending: readonly SubtaskSnapshot[]): readonly BlobName[] {
    const named = this.named()
    if (named === undefined) return []
    const newest = this.retained().at(-1)
    for (const [checkpoint, contents] of this.#aborted) {
      if (newest === undefined || checkpoint >= newest) continue
      for (const content of contents) for (const blob of blobsOf(content)) this.#candidates.add(blob)
      this.#aborted.delete(checkpoint)
    }
    const staged = [...this.#aborted.values()].flat().map(blobsOf)
    const garbage = garbageOf(this.#candidates, named, [...staged, blobsOf({ subtasks: pending })])
    for (const blob of garbage) this.#candidates.delete(blob)
    return garbage
  }
}
