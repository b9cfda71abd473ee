import { counting } from './counting.js'

export default counting({ checkpoint: { interval: '1h' } })
