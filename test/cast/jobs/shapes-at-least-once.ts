import { shapes, toCollection } from './shapes.js'

export default shapes(
  'shapes',
  {
    checkpoint: { interval: '150ms', mode: 'at-least-once' },
    restart: { type: 'fixed-delay', attempts: 20, delay: '20ms' },
  },
  toCollection,
)
