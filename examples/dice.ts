/**
 * Dice that never stop: how often each face was thrown. No server is needed, so it is what one plays with on a cluster:
 *
 *     npm run retake -- run examples/dice.ts --param output=throws
 *
 * Each throw makes a line with the new count of its face. The lines are in files once each, whatever is killed.
 */
import { file, generator, job } from 'retake'

export default job('dice', { parallelism: 2, checkpoint: { interval: '2s' } }, (flow) =>
  flow
    .from(
      'throws',
      generator.source({ ratePerSecond: 200, make: (random) => 1 + Math.floor(6 * random.next()) }),
    )
    .keyBy((face) => face)
    .count('count')
    .to('counts', file.sink({ path: flow.params.output })),
)
