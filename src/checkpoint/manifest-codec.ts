import { errorInfoOf, RetakeError } from '../kit/errors.js'
import { isToken } from '../kit/ids.js'
import { partsOfBlobName } from './blob-name.js'
import { MANIFEST_FORMAT, type Manifest } from './manifest.js'

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
  if (isObject(value) && typeof value['format'] === 'number' && value['format'] !== MANIFEST_FORMAT) {
    throw new RetakeError('RT1201', {
      what: `${where} has manifest format ${value['format']}`,
      why: `this version of Retake reads format ${MANIFEST_FORMAT}`,
      fix: 'restore it with the version of Retake that wrote it',
      where,
    })
  }
  const fault = manifestFault(value)
  if (fault !== undefined) throw damaged(where, `${fault} is not what it must be`)
  return value as Manifest
}

/** The path of the first thing in `value` that a manifest must not hold. */
function manifestFault(value: unknown): string | undefined {
  return objectFault('manifest', value, {
    format: (v) => v === MANIFEST_FORMAT,
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
  })
}

/** False or a deeper path where a value is not what it must be. */
type Check = (value: unknown) => boolean | string
type Shape = Readonly<Record<string, Check>>

const PART: Shape = {
  blob: (value) => typeof value === 'string' && partsOfBlobName(value) !== undefined,
  offset: isCount,
  bytes: isCount,
  hash: (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value),
}

const CONNECTOR: Shape = { name: isText, guarantee: optional(isText) }

const SPLIT: Shape = { split: isText, owner: isCount, ended: optional(isBoolean) }

function objectFault(path: string, value: unknown, shape: Shape): string | undefined {
  if (!isObject(value)) return path
  for (const [name, check] of Object.entries(shape)) {
    const verdict = check(value[name])
    if (verdict !== true) return `${path}.${name}${verdict === false ? '' : verdict}`
  }
  return undefined
}

function one(shape: Shape): Check {
  return (value) => objectFault('', value, shape) ?? true
}

function each(shape: Shape): Check {
  return (value) => {
    if (!Array.isArray(value)) return false
    for (const [index, item] of value.entries()) {
      const fault = objectFault(`[${index}]`, item, shape)
      if (fault !== undefined) return fault
    }
    return true
  }
}

function optional(check: Check): Check {
  return (value) => value === undefined || check(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isTokenText(value: unknown): boolean {
  return typeof value === 'string' && isToken(value)
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}

function isInteger(value: unknown): boolean {
  return Number.isSafeInteger(value)
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isPositive(value: unknown): boolean {
  return isCount(value) && value !== 0
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
