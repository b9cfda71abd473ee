import { errorInfoOf, RetakeError } from '../kit/errors.js'
import {
  each,
  isBoolean,
  isCount,
  isFields,
  isInteger,
  isNumber,
  isPositive,
  isText,
  isTokenText,
  misfitOf,
  one,
  optional,
  type Shape,
} from '../kit/shape.js'
import { MANIFEST_FORMAT, type Manifest } from './manifest.js'
import { PART } from './part-shape.js'

/** A manifest's bytes: JSON, so that people can read what a checkpoint holds. */
export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest))
}

/**
 * The manifest that `bytes` hold. They may come from a path that a user typed, so nothing of them is believed.
 * Throws RT1201 for a format of another version, RT1202 for what is no manifest. `where` names the bytes.
 */
export function decodeManifest(bytes: Uint8Array, where: string): Manifest {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    throw damaged(where, `it is not JSON (${errorInfoOf(error).message})`, error)
  }
  if (isFields(value) && typeof value['format'] === 'number' && value['format'] !== MANIFEST_FORMAT) {
    throw new RetakeError('RT1201', {
      what: `${where} has manifest format ${value['format']}`,
      why: `this version of Retake reads format ${MANIFEST_FORMAT}`,
      fix: 'restore it with the version of Retake that wrote it',
      where,
    })
  }
  const misfit = misfitOf('manifest', value, MANIFEST)
  if (misfit !== undefined) throw damaged(where, `${misfit} is not what it must be`)
  return value as Manifest
}

const CONNECTOR: Shape = { name: isText, guarantee: optional(isText) }

const SPLIT: Shape = { split: isText, owner: isCount, ended: optional(isBoolean) }

const MANIFEST: Shape = {
  format: (value) => value === MANIFEST_FORMAT,
  run: isTokenText,
  job: isText,
  checkpoint: isCount,
  attempt: isCount,
  fingerprint: isText,
  triggeredAt: isNumber,
  completedAt: isNumber,
  bytes: isCount,
  vertices: each({
    index: isCount,
    name: isText,
    parallelism: isPositive,
    maxParallelism: isPositive,
    operators: each({ id: isText, kind: isText, connector: optional(one(CONNECTOR)) }),
  }),
  sources: each({ source: isText, splits: each(SPLIT) }),
  subtasks: each({
    vertex: isCount,
    subtask: isCount,
    ended: isBoolean,
    operators: each({
      operator: isText,
      subtask: isCount,
      splits: optional(each(SPLIT)),
      pieces: optional(
        each({ owner: isCount, run: isTokenText, checkpoint: isCount, number: isCount, part: one(PART) }),
      ),
      keyed: optional(each({ firstGroup: isCount, lastGroup: isInteger, part: one(PART) })),
    }),
  }),
}

function damaged(where: string, why: string, cause?: unknown): RetakeError {
  return new RetakeError('RT1202', {
    what: `${where} is not the manifest of a checkpoint`,
    why,
    fix: 'restore that file from a copy, or start a new run from another checkpoint (--from-checkpoint)',
    where,
    cause,
  })
}
