import type { Attempt, CheckpointId } from '../kit/ids.js'
import type { BlobName, SubtaskSnapshot } from '../state/snapshot.js'
import { partsOfBlobName } from './blob-name.js'

/** Which of `retained` (oldest first) go when `keep` stay. The newest one always stays: a restart takes it. */
export function releasedBy(retained: readonly CheckpointId[], keep: number): readonly CheckpointId[] {
  return retained.slice(0, Math.max(0, retained.length - Math.max(1, keep)))
}

/** What names blobs: a manifest, or the snapshots of a checkpoint that never got one. */
export interface NamesBlobs {
  readonly subtasks: readonly SubtaskSnapshot[]
}

/** Every blob that `checkpoint` needs, without its manifest. */
export function blobsOf(checkpoint: NamesBlobs): Set<BlobName> {
  const names = new Set<BlobName>()
  for (const { operators } of checkpoint.subtasks) {
    for (const operator of operators) {
      for (const { part } of operator.pieces ?? []) names.add(part.blob)
      for (const { part } of operator.keyed ?? []) names.add(part.blob)
    }
  }
  return names
}

/**
 * Of the blobs that something given up named, those that may be deleted: that neither a retained checkpoint nor
 * anything staged in the current attempt names.
 */
export function garbageOf(
  givenUp: Iterable<BlobName>,
  retained: Iterable<ReadonlySet<BlobName>>,
  staged: Iterable<ReadonlySet<BlobName>>,
): BlobName[] {
  const kept = [...retained, ...staged]
  return [...new Set(givenUp)].filter((name) => !kept.some((names) => names.has(name)))
}

/**
 * Of all blobs of a run, what attempts before `attempt` left behind and no retained checkpoint (nor its manifest)
 * names: their subtasks are gone or fenced, and what they staged is named by the checkpoint that was restored.
 */
export function leftoversOf(
  all: Iterable<BlobName>,
  attempt: Attempt,
  retained: Iterable<ReadonlySet<BlobName>>,
): BlobName[] {
  const kept = [...retained]
  return [...all].filter((name) => {
    const parts = partsOfBlobName(name)
    return parts !== undefined && parts.attempt < attempt && !kept.some((names) => names.has(name))
  })
}
