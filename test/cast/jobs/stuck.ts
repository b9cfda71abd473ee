import { discard, job } from 'retake'
import { numbers } from './numbers.js'

/** Never comes back from number 500. */
export default job('stuck', { checkpoint: { interval: '100ms' } }, (flow) => {
  flow
    .from('numbers', numbers({ count: 1_000 }))
    .map((one) => {
      while (one.id === 500);
      return one
    })
    .to('nowhere', discard())
})
