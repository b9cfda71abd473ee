import { discard, job } from 'retake'
import { numbers } from './numbers.js'

export const forgotten = job('forgotten', (flow) => {
  flow.from('numbers', numbers({ count: 10 })).to('nowhere', discard())
})
