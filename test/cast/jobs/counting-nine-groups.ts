import { counting } from './counting.js'

export default counting({ maxParallelism: 9 })
