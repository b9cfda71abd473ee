import { counting } from './counting.js'

export default counting({
  checkpoint: { interval: '50ms', tolerableFailures: 1_000 },
  restart: { type: 'none' },
})
