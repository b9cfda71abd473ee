import type { Attempt, RunId } from '../kit/ids.js'
import { type Random, randomToken } from '../kit/random.js'
import type { BlobName, Part } from '../state/snapshot.js'
import { blobName } from './blob-name.js'
import type { BlobStore } from './blob-store.js'
import type { Manifest } from './manifest.js'
import { decodeManifest, encodeManifest } from './manifest-codec.js'
import { blobsOf } from './retention.js'

/** Stores `manifest` under a name that no other manifest ever had. It counts once the log names it. */
export function storeManifest(store: BlobStore, manifest: Manifest, random: Random): Promise<Part> {
  const { run, attempt, checkpoint } = manifest
  const name = `manifest.${randomToken(random)}.json`
  return store.put(blobName({ run, attempt, checkpoint, name }), encodeManifest(manifest))
}

/** Throws RT1203, RT1201 or RT1202 when it cannot be used. */
export async function loadManifest(store: BlobStore, part: Part): Promise<Manifest> {
  return decodeManifest(await store.get(part), part.blob)
}

/**
 * The first manifest of a run that starts from another run's checkpoint: a copy of all that it names, so that neither
 * run's retention can touch the other's. Pieces keep the run, subtask and checkpoint that staged them.
 */
export async function adoptManifest(
  manifest: Manifest,
  from: BlobStore,
  to: BlobStore,
  run: RunId,
): Promise<Manifest> {
  const attempt = 0 as Attempt
  const { checkpoint } = manifest
  const copies = new Map<BlobName, BlobName>()
  for (const blob of blobsOf(manifest)) {
    copies.set(blob, blobName({ run, attempt, checkpoint, name: `adopted.${copies.size}` }))
  }
  // A blob may hold parts of several owners: each is read, and thereby verified, before the whole is written.
  const parts = new Map<BlobName, Part[]>()
  const adopted = mapParts(manifest, (part) => {
    const blob = copies.get(part.blob) ?? part.blob
    parts.set(part.blob, [...(parts.get(part.blob) ?? []), part])
    return { ...part, blob }
  })
  for (const [blob, ranges] of parts) {
    const end = Math.max(...ranges.map(({ offset, bytes }) => offset + bytes))
    const whole = new Uint8Array(end)
    for (const part of ranges) whole.set(await from.get(part), part.offset)
    await to.put(copies.get(blob) ?? blob, whole)
  }
  return { ...adopted, run, attempt }
}

function mapParts(manifest: Manifest, copy: (part: Part) => Part): Manifest {
  return {
    ...manifest,
    subtasks: manifest.subtasks.map((subtask) => ({
      ...subtask,
      operators: subtask.operators.map((operator) => ({
        ...operator,
        ...(operator.pieces && {
          pieces: operator.pieces.map((piece) => ({ ...piece, part: copy(piece.part) })),
        }),
        ...(operator.keyed && {
          keyed: operator.keyed.map((keyed) => ({ ...keyed, part: copy(keyed.part) })),
        }),
      })),
    })),
  }
}
