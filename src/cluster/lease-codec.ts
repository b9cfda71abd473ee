import { isToken, type NodeId, type SystemId } from '../kit/ids.js'
import type { LeaseHolder } from './lease.js'

/** What stands where a lease is, but says of nobody that he holds it. */
const NOBODY: LeaseHolder = {
  node: 'nobody' as NodeId,
  name: 'nobody',
  system: 'nobody' as SystemId,
  isReleased: true,
}

export function encodeLeaseHolder(holder: LeaseHolder): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(holder))
}

/**
 * What is no holder is held by nobody: an operator has deleted it (`nats kv del`), or a disk has damaged it. A cluster must
 * not stay without a leader for that, as the lease decides nothing.
 */
export function decodeLeaseHolder(bytes: Uint8Array): LeaseHolder {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes))
    return isHolder(value) ? value : NOBODY
  } catch {
    return NOBODY
  }
}

function isHolder(value: unknown): value is LeaseHolder {
  if (typeof value !== 'object' || value === null) return false
  const { node, name, system, isReleased } = value as Record<string, unknown>
  // Subjects are made of them: others would be sent to somebody else, or to nobody.
  const isSomebody = [node, system].every((id) => typeof id === 'string' && isToken(id))
  return isSomebody && typeof name === 'string' && typeof isReleased === 'boolean'
}
