import { RetakeError } from '../kit/errors.js'
import type { SplitPosition } from '../state/snapshot.js'

/** The fields of a position as a manifest holds it, where nothing of them is known. */
export function fieldsOf({ position }: SplitPosition): Readonly<Record<string, unknown>> {
  return typeof position === 'object' && position !== null ? { ...position } : {}
}

/** What a checkpoint holds of a split is no position in `source`, which is what it is read as. */
export function noPosition(source: string, { split, position }: SplitPosition): RetakeError {
  return new RetakeError('RT1210', {
    what: `the position of split ${JSON.stringify(split)} is none in ${source}: ${JSON.stringify(position)}`,
    why: 'the manifest of the checkpoint was changed after it was written',
    fix: 'restore that manifest from a copy, or start a new run from another checkpoint (--from-checkpoint)',
  })
}
