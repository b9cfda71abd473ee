import { file, job, type Params } from 'retake'
import { numbers } from './numbers.js'

/** `counting`, and a second count. */
export default job('counting', (flow) => {
  const { output, ...rest } = flow.params as Params
  const all = flow.from('numbers', numbers({ count: rest['count'] }))
  all.to('plain', file.sink({ path: `${output}/plain` }))
  const keyed = all.keyBy(({ key }) => key)
  keyed.count('counts').to('counted', file.sink({ path: `${output}/counted` }))
  keyed.count('more').to('more-counted', file.sink({ path: `${output}/more` }))
})
