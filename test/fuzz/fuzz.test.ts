import { expect, test } from 'vitest'
import { DECODERS } from './decoders.js'
import { execute } from './execution.js'

/** The same on every machine, in a fraction of a second each; `npm run fuzz` goes on from there. */
const SEED = 20_261_127
const EXECUTIONS = 400

test.each(DECODERS)(
  'when $name reads damaged bytes, then it refuses them, or reads what might have been written',
  (decoder) => {
    const seen = new Set<string>()
    for (let index = 0; index < EXECUTIONS; index++) {
      const { outcome, find } = execute(decoder, SEED, index)
      expect(
        find,
        `npm run fuzz -- ${decoder.name} --seed ${SEED} --from ${index} --executions 1`,
      ).toBeUndefined()
      seen.add(outcome)
    }
    // What damages nothing, or everything, tries nothing.
    expect(seen).toContain('decoded')
  },
)
