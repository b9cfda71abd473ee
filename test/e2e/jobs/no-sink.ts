import { generator, job } from 'retake'

/** Its records go nowhere. */
export default job('no-sink', (flow) => {
  flow
    .from('numbers', generator.source({ count: 10, seed: 1, make: (_, index) => index }))
    .map((number) => number + 1)
})
