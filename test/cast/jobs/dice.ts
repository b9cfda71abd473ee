import { discard, job } from 'retake'
import { numbers } from './numbers.js'

/** Its graph is shaped by chance. */
export default job('dice', (flow) => {
  flow
    .from('numbers', numbers({ count: 10 }))
    .map((one) => one, { id: `map-${Math.random()}` })
    .to('nowhere', discard())
})
