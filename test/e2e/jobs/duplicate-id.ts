import { discard, generator, job } from 'retake'

/** Two sinks of one id: state could not be told apart. */
export default job('duplicate-id', (flow) => {
  const numbers = flow.from('numbers', generator.source({ count: 10, seed: 1, make: (_, index) => index }))
  numbers.to('out', discard())
  numbers.map((number) => number + 1).to('out', discard())
})
