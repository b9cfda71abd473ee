import { file, job, type Params } from 'retake'
import { numbers } from './numbers.js'

/** Chooses no key for one number. */
export default job('keyless', { restart: { type: 'fixed-delay', attempts: 20, delay: '20ms' } }, (flow) => {
  const { output } = flow.params as Params
  flow
    .from('numbers', numbers({ count: 100 }))
    .keyBy(({ id, key }) => (id === 50 ? (null as never) : key))
    .count('counts')
    .to('counted', file.sink({ path: `${output}/counted` }))
})
