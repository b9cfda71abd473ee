import { file, job, type Params } from 'retake'
import { numbers } from './numbers.js'

/** `counting` without its count. */
export default job('counting', (flow) => {
  const { output, ...rest } = flow.params as Params
  flow.from('numbers', numbers({ count: rest['count'] })).to('plain', file.sink({ path: `${output}/plain` }))
})
