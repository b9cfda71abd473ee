import { file, job, type Params } from 'retake'
import { numbers } from './numbers.js'

/** `counting`, where "counts" has become a maximum. */
export default job('counting', (flow) => {
  const { output, ...rest } = flow.params as Params
  const all = flow.from('numbers', numbers({ count: rest['count'] }))
  all.to('plain', file.sink({ path: `${output}/plain` }))
  all
    .keyBy(({ key }) => key)
    .max('counts', 'id')
    .to('counted', file.sink({ path: `${output}/counted` }))
})
