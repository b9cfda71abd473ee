import { collect, file, type JobOptions, job, type Params, type Sink } from 'retake'
import { numbers } from './numbers.js'

/**
 * Two sources united, then: counted by key behind a rebalance, copied to every subtask, and as they are. Sinks say what
 * arrived: exactly once in files, or at least once in collections.
 */
export function shapes(name: string, options: JobOptions, sinkOf: (path: string) => Sink<unknown>) {
  return job(name, options, (flow) => {
    const { count, rate, output, chaining } = { ...(flow.params as Params) }
    const apart = chaining === 'never' ? ({ chaining: 'never' } as const) : {}
    const all = flow
      .from('low', numbers({ count, rate }))
      .union(flow.from('high', numbers({ count, rate, from: Number(count) })))
    all
      .rebalance()
      .map((one) => one, apart)
      .filter(({ id }) => id % 2 === 0, apart)
      .keyBy(({ key }) => key)
      .count('counts', apart)
      .to('counted', sinkOf(`${output}/counted`), apart)
    all
      .broadcast()
      .map((one) => ({ id: one.id }), apart)
      .to('copied', sinkOf(`${output}/copied`), apart)
    all.to('plain', sinkOf(`${output}/plain`), apart)
  })
}

export const toFiles = (path: string): Sink<unknown> => file.sink({ path })
export const toCollection = (path: string): Sink<unknown> => collect(`${path}.jsonl`)
