import { createHash } from 'node:crypto'
import { RetakeError } from '../kit/errors.js'
import type { Part } from '../state/snapshot.js'

/** What was found of `part`, if it is what was written. Throws RT1203, with `where`, if it is not. */
export function checkedBytes(part: Part, found: Uint8Array | undefined, where: string): Uint8Array {
  if (found === undefined) throw damaged(where, 'it is not there')
  if (found.length !== part.bytes) {
    throw damaged(where, `it ends after ${part.offset + found.length} bytes of ${part.offset + part.bytes}`)
  }
  const hash = hashOf(found)
  if (hash !== part.hash) throw damaged(where, `its sha256 is ${hash}, but ${part.hash} was written`)
  return found
}

/** sha256, hex. */
export function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function damaged(where: string, why: string): RetakeError {
  return new RetakeError('RT1203', {
    what: `${where}, a part of a checkpoint, cannot be used`,
    why,
    fix: 'restore that file from a copy, or start a new run from an older checkpoint (--from-checkpoint)',
    where,
  })
}
