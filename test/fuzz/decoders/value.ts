import { packValue, unpackValue } from '#src/record/value-codec.js'
import type { Decoder } from '../decoder.js'
import { value as drawnValue } from '../draw.js'

/** Values of users, in frames and in state. Whoever reads them catches all. */
export const value: Decoder = {
  name: 'value',
  sample(random) {
    const value = drawnValue(random, 5)
    return { bytes: packValue(value).slice(), value }
  },
  decode: unpackValue,
  isRefusal: () => true,
}
