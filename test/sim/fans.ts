import type { Shape, ShapeNode } from './shape.js'

/** About how many rows all operators of a shape together have for one record of its topics. */
export function fansOf({ nodes, topics }: Shape): number {
  const fans = new Map<string, number>()
  let all = 0
  for (const node of nodes) {
    const own = node.kind === 'source' ? 1 / topics.length : received(node, fans)
    fans.set(node.id, node.kind === 'flat-map' ? (own * node.most) / 2 : own)
    all += own
  }
  return Math.max(1, all / 4)
}

function received({ inputs, parallelism = 1 }: ShapeNode, fans: ReadonlyMap<string, number>): number {
  return inputs.reduce((sum, { from, by }) => {
    const [sender = from] = from.split('.')
    return sum + (fans.get(sender) ?? 0) * (by === 'broadcast' ? parallelism : 1)
  }, 0)
}
