import { restartStrategyOf, Supervisor, seededRandom } from '#src/actor/index.js'

export const supervisor = new Supervisor({
  restarts: restartStrategyOf({ type: 'none' }, seededRandom(1)),
  children: [{ id: 'counter', start: () => ({ receive: () => {} }), restart: 'always' }],
})
