import type { LeaseHolder } from '#src/cluster/lease.js'
import { decodeLeaseHolder, encodeLeaseHolder } from '#src/cluster/lease-codec.js'
import { isToken, type NodeId, type SystemId } from '#src/kit/ids.js'
import { randomToken } from '#src/kit/random.js'
import { damagedJson } from '../damaged-value.js'
import type { Decoder } from '../decoder.js'
import { chance, text } from '../draw.js'

/** Who leads. What says nothing of that is held by nobody: nothing is ever refused. */
export const lease: Decoder<LeaseHolder> = {
  name: 'lease',
  sample(random) {
    const [node, system] = [randomToken(random) as NodeId, randomToken(random) as SystemId]
    const value = { node, name: text(random), system, isReleased: chance(random, 0.5) }
    return { bytes: encodeLeaseHolder(value), value }
  },
  decode: decodeLeaseHolder,
  isRefusal: () => false,
  damage: (random, { value }) => damagedJson(random, value),
  /** Messages are sent to the system: it is a token of their subject. */
  faultOf({ node, name, system }) {
    if (!isToken(node) || !isToken(system))
      return `a lease of node ${JSON.stringify(node)} in ${JSON.stringify(system)}`
    return typeof name === 'string' ? undefined : 'a node without a name'
  },
}
