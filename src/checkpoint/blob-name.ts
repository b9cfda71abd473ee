import { assert } from '../kit/assert.js'
import { type Attempt, type CheckpointId, isToken, type RunId } from '../kit/ids.js'
import type { BlobName } from '../state/snapshot.js'

/** What a blob's name says. No decision rests on it but one: whose leftovers may be swept. */
export interface BlobNameParts {
  readonly run: RunId
  readonly attempt: Attempt
  readonly checkpoint: CheckpointId
  readonly name: string
}

const LAST = /^[A-Za-z0-9_-][A-Za-z0-9_.-]{0,95}$/
const NUMBER = /^(0|[1-9][0-9]{0,15})$/

export function blobName({ run, attempt, checkpoint, name }: BlobNameParts): BlobName {
  const blob = `${run}/${attempt}/${checkpoint}/${name}`
  assert(partsOfBlobName(blob) !== undefined, 'a blob has a name that could leave its directory', { blob })
  return blob as BlobName
}

/** Undefined for what is no blob's name: it may have been read from a file that somebody wrote. */
export function partsOfBlobName(blob: string): BlobNameParts | undefined {
  const [run = '', attempt = '', checkpoint = '', name = '', ...rest] = blob.split('/')
  if (
    rest.length > 0 ||
    !isToken(run) ||
    !NUMBER.test(attempt) ||
    !NUMBER.test(checkpoint) ||
    !LAST.test(name)
  ) {
    return undefined
  }
  return {
    run: run as RunId,
    attempt: Number(attempt) as Attempt,
    checkpoint: Number(checkpoint) as CheckpointId,
    name,
  }
}
