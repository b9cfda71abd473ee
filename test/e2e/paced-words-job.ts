import { collect, file, generator, job } from 'retake'

/** Words at a pace, counted; each count goes into files exactly once, and into a collection at least once. */
export default job(
  'paced-words',
  { checkpoint: { interval: '300ms' }, restart: { type: 'fixed-delay', attempts: 5, delay: '50ms' } },
  (flow) => {
    const { output, collection } = flow.params
    const counts = flow
      .from(
        'words',
        generator.source({
          count: 6_000,
          ratePerSecond: 2_000,
          seed: 11,
          make: (random, index) => ({ word: `word-${Math.floor(50 * random.next() ** 2)}`, index }),
        }),
      )
      .keyBy(({ word }) => word)
      .count('count')
    counts.to('files', file.sink({ path: output }))
    counts.to('collection', collect(collection))
  },
)
