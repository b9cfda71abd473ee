import { counting } from './counting.js'

export default counting({ restart: { type: 'none' } })
