import { shapes, toFiles } from './shapes.js'

export default shapes(
  'shapes',
  { checkpoint: { interval: '150ms' }, restart: { type: 'fixed-delay', attempts: 20, delay: '20ms' } },
  toFiles,
)
