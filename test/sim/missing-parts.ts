import type { Manifest } from '#src/checkpoint/manifest.js'
import { decodeManifest } from '#src/checkpoint/manifest-codec.js'
import type { RetainedCheckpoint } from '#src/cluster/log-entry.js'
import { RetakeError } from '#src/kit/errors.js'
import type { CheckpointId, RunId } from '#src/kit/ids.js'
import type { BlobName, Part } from '#src/state/snapshot.js'
import type { MemoryBlobs } from '#src/testing/memory-blobs.js'

/** What a retained checkpoint names, and cannot be read. */
export interface MissingPart {
  readonly run: RunId
  readonly checkpoint: CheckpointId
  readonly blob: BlobName
  readonly why: string
}

/** Of all that the log of `run` retains: manifests, keyed state and staged pieces. None may ever be missing. */
export function missingParts(
  run: RunId,
  retained: readonly RetainedCheckpoint[],
  blobs: MemoryBlobs,
): MissingPart[] {
  return retained.flatMap((one) => {
    const { checkpoint, manifest: part } = one
    const missing: MissingPart[] = []
    const attempted = <T>(of: Part, read: () => T): T | undefined => {
      try {
        return read()
      } catch (error) {
        if (!(error instanceof RetakeError)) throw error
        missing.push({ run, checkpoint, blob: of.blob, why: error.why })
        return undefined
      }
    }
    const manifest = attempted(part, () => decodeManifest(blobs.get(part), part.blob))
    if (manifest === undefined) return missing
    if (manifest.run !== run || manifest.checkpoint !== checkpoint || manifest.attempt !== one.attempt) {
      const named = `${manifest.run}/${manifest.attempt}/${manifest.checkpoint}`
      missing.push({ run, checkpoint, blob: part.blob, why: `it is the manifest of ${named}` })
    }
    for (const each of partsOf(manifest)) attempted(each, () => blobs.get(each))
    return missing
  })
}

function partsOf({ subtasks }: Manifest): Part[] {
  return subtasks.flatMap(({ operators }) =>
    operators.flatMap(({ pieces, keyed }) => [...(pieces ?? []), ...(keyed ?? [])].map(({ part }) => part)),
  )
}
