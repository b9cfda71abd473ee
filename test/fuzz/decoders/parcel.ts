import type { Address } from '#src/actor/actor.js'
import { type ControlParcel, decodeParcel, encodeParcel } from '#src/actor/transport/parcel-bytes.js'
import { type Random, randomInteger } from '#src/kit/random.js'
import { damagedFrom } from '../damage.js'
import type { Decoder } from '../decoder.js'
import { pick, value } from '../draw.js'

const HEADER_BYTES = 12
const to = 'system.actor' as Address

/** Messages between actors, over NATS. Whatever is thrown, the transport counts and logs (`malformed`). */
export const parcel: Decoder<ControlParcel> = {
  name: 'parcel',
  sample(random) {
    const value = drawnParcel(random)
    return { bytes: encodeParcel(value), value }
  },
  decode: (bytes) => decodeParcel(to, bytes),
  isRefusal: () => true,
  damage(random, { bytes }) {
    return damagedFrom(random, bytes, HEADER_BYTES, encodeParcel(drawnParcel(random)))
  },
  faultOf({ kind }) {
    return ['tell', 'ask', 'answer', 'signal'].includes(kind) ? undefined : `a parcel of kind ${kind}`
  },
}

function drawnParcel(random: Random): ControlParcel {
  const from = pick(random, ['s1.a', 'system-2.node.job-manager', 'x'.repeat(30)]) as Address
  const correlation = randomInteger(random, 2 ** 31)
  const body = value(random, 4)
  return pick(random, [
    (): ControlParcel => ({ kind: 'tell', to, body }),
    (): ControlParcel => ({ kind: 'ask', to, from, correlation, body }),
    (): ControlParcel => ({ kind: 'answer', to, correlation, body }),
    (): ControlParcel => ({ kind: 'signal', to, from, body }),
  ])()
}
