import { discard, generator, job } from 'retake'

/** A small job that never ends: what is killed to see how soon it runs again. */
export default job(
  'steady-count',
  {
    parallelism: 4,
    checkpoint: { interval: '500ms' },
    restart: { type: 'fixed-delay', attempts: 1_000, delay: '100ms' },
  },
  (flow) =>
    flow
      .from(
        'numbers',
        generator.source({ ratePerSecond: 2_000, seed: 5, make: (_, index) => ({ key: index % 1_000 }) }),
      )
      .keyBy(({ key }) => key)
      .count('count')
      .to('nowhere', discard()),
)
