import type { Bytes } from '../state/bytes.js'
import type { BlobName, BlobReader, Part } from '../state/snapshot.js'

/**
 * Where bytes are kept under generated names: parts of snapshots, and the manifests that name them. A `put` decides
 * nothing: what counts is what the job's log names. Blobs never change.
 */
export interface BlobStore extends BlobReader {
  /** Resolves when `bytes` survive a crash of the machine, and are the caller's again. The part is the whole blob. */
  put(name: BlobName, bytes: Bytes): Promise<Part>
  /** The bytes of `part`. RT1203 when they are not there, or not what was written. */
  get(part: Part): Promise<Uint8Array>
  /** Those that are not there are as good as deleted. */
  delete(names: Iterable<BlobName>): Promise<void>
  /** Every blob whose name begins with `prefix`, a run or `<run>/<attempt>`. For sweeping, never for deciding. */
  list(prefix: string): Promise<readonly BlobName[]>
}
