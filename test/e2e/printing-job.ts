import { generator, job, print } from 'retake'

/** Prints `count` records of about 100 bytes, from several subtasks. */
export default job('printing', { parallelism: 3 }, (flow) =>
  flow
    .from(
      'numbers',
      generator.source({
        count: Number(flow.params.count),
        make: (_, index) => ({ index, text: 'ü'.repeat(40) }),
      }),
    )
    .to('console', print()),
)
