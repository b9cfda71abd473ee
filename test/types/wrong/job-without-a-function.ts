import { job } from '#src/api/index.js'

export default job('wrong', { parallelism: 2 })
