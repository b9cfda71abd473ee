import type { NodeStatus } from '#actors/cluster-view.js'

/** Something that the cluster said or showed, when it did: a time of day. */
export interface Sign {
  readonly at: number
  /** For people. */
  readonly told: string
}

export type SeenNode = Pick<NodeStatus, 'name' | 'node' | 'isLeader'>

const LEADS = '✔ leads the cluster'

/** What nodes give away of what is wrong with them: what they say, and what changes among the living. */
export class NodeSigns {
  readonly signs: Sign[] = []
  #before: readonly SeenNode[] = []

  /** A node said this. */
  onLine(name: string, line: string, at: number): void {
    if (line.includes(LEADS)) this.signs.push({ at, told: `${name} leads` })
  }

  /** Those that live, as the leader tells; one that has just come to lead has not heard of all of them. */
  onNodes(nodes: readonly SeenNode[], at: number): void {
    const before = this.#before
    this.#before = nodes
    if (leaderOf(before)?.node !== leaderOf(nodes)?.node) return
    for (const { name, node } of before) {
      const now = nodes.filter((candidate) => candidate.name === name)
      if (now.some((candidate) => candidate.node === node)) continue
      this.signs.push({ at, told: now.length === 0 ? `${name} is gone` : `${name} is another incarnation` })
    }
  }
}

export function leaderOf(nodes: readonly SeenNode[]): SeenNode | undefined {
  return nodes.find(({ isLeader }) => isLeader)
}
