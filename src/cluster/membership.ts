import { RetakeError } from '../kit/errors.js'
import type { NodeId } from '../kit/ids.js'
import { LIMITS } from '../kit/limits.js'
import type { NodeInfo } from './node-info.js'
import { refusalOf } from './protocol.js'

/** What the leader makes of a node that says that it is there. */
export type Admission =
  | { readonly kind: 'joined' | 'known' }
  /** It was taken for dead: its slots were given up, and it may only come back as another incarnation. */
  | { readonly kind: 'evicted' }
  | { readonly kind: 'refused'; readonly error: RetakeError }
  /** A member has its name: whether that one still lives must be asked before this one may join. */
  | { readonly kind: 'namesake'; readonly of: NodeId }

/**
 * Which incarnations of which nodes belong to the cluster. An incarnation that was given up never comes back: whatever
 * was decided without it stays decided. A name belongs to one living node.
 */
export class Membership {
  readonly #leader: NodeInfo
  readonly #members = new Map<NodeId, NodeInfo>()
  /** In the order in which they were given up. */
  readonly #evicted = new Set<NodeId>()

  constructor(leader: NodeInfo) {
    this.#leader = leader
  }

  onHeard(node: NodeInfo): Admission {
    if (this.#evicted.has(node.node)) return { kind: 'evicted' }
    if (this.#members.has(node.node)) return { kind: 'known' }
    const error = refusalOf(node, this.#leader)
    if (error !== undefined) return { kind: 'refused', error }
    for (const member of this.#members.values()) {
      if (member.name === node.name) return { kind: 'namesake', of: member.node }
    }
    this.#members.set(node.node, node)
    return { kind: 'joined' }
  }

  /** It said goodbye. */
  onLeft(node: NodeId): void {
    this.#members.delete(node)
  }

  /** It is taken for dead. */
  onLost(node: NodeId): void {
    if (!this.#members.delete(node)) return
    this.#evicted.add(node)
    const [oldest] = this.#evicted
    if (this.#evicted.size > LIMITS.evictedNodes && oldest !== undefined) this.#evicted.delete(oldest)
  }
}

/** Refuses `node`: the member of its name has just answered. */
export function nameTaken(node: NodeInfo, member: NodeInfo): RetakeError {
  return new RetakeError('RT1516', {
    what: `the cluster has a node ${node.name} already`,
    why: `it runs on ${member.host} as process ${member.pid}, and this one on ${node.host} as process ${node.pid}`,
    fix: 'give each node a name of its own with --name',
    where: node.name,
  })
}
