import type { NodeStatus } from '#actors/cluster-view.js'

/** Something that the cluster said or showed, when it did: a time of day. */
export interface Sign {
  readonly at: number
  /** For people. */
  readonly told: string
}

export type SeenNode = Pick<NodeStatus, 'name' | 'node' | 'isLeader'>

/** What changes among the living nodes from one look at them to the next: who is gone, who leads instead. */
export class NodeSigns {
  readonly signs: Sign[] = []
  #before: readonly SeenNode[] | undefined

  onNodes(nodes: readonly SeenNode[], at: number): void {
    const before = this.#before
    this.#before = nodes
    if (before === undefined) return
    for (const { name, node } of before) {
      const now = nodes.filter((candidate) => candidate.name === name)
      if (now.some((candidate) => candidate.node === node)) continue
      this.signs.push({ at, told: now.length === 0 ? `${name} is gone` : `${name} is another incarnation` })
    }
    const [led, leads] = [leaderOf(before), leaderOf(nodes)]
    if (leads !== undefined && leads.node !== led?.node) this.signs.push({ at, told: `${leads.name} leads` })
  }
}

export function leaderOf(nodes: readonly SeenNode[]): SeenNode | undefined {
  return nodes.find(({ isLeader }) => isLeader)
}
