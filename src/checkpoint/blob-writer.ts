import type { Attempt, CheckpointId, RunId, SubtaskId } from '../kit/ids.js'
import type { PartStore } from '../state/snapshot.js'
import { blobName } from './blob-name.js'
import type { BlobStore } from './blob-store.js'

/** Whose parts a writer stores, and for which checkpoint. */
export interface BlobScope {
  readonly run: RunId
  readonly attempt: Attempt
  readonly checkpoint: CheckpointId
  readonly subtask: SubtaskId
}

/**
 * Gives every part a name that no other part ever had: run and attempt tell apart all subtasks that ever ran, subtask
 * and a rising number tell apart what this one stores. One `SubtaskBlobs` serves all checkpoints of a subtask.
 */
export class SubtaskBlobs {
  readonly #store: BlobStore
  #number = 0

  constructor(store: BlobStore) {
    this.#store = store
  }

  writer(scope: BlobScope): PartStore {
    const { run, attempt, checkpoint, subtask } = scope
    return {
      put: (name, bytes) => {
        const unique = `${subtask}.${this.#number++}.${safe(name)}`
        return this.#store.put(blobName({ run, attempt, checkpoint, name: unique }), bytes)
      },
      delete: (parts) => this.#store.delete(parts.map(({ blob }) => blob)),
    }
  }
}

/** Names come from code, but may hold a user's operator id: only what a path may hold is kept of them. */
function safe(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 48)
}
