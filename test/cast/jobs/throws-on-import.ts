import { discard, job } from 'retake'
import { numbers } from './numbers.js'

const settings = JSON.parse('{ not json')

export default job('throws-on-import', (flow) => {
  flow.from('numbers', numbers({ count: settings.count })).to('nowhere', discard())
})
