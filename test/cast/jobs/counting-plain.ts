import { counting } from './counting.js'

export default counting({ restart: { type: 'fixed-delay', attempts: 20, delay: '20ms' } })
