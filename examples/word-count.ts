/**
 * How often each word stands in some files. No server is needed:
 *
 *     npm run retake -- dev examples/word-count.ts --param input='docs/*.md' --param output=counts
 *
 * A count goes out whenever it changes, so that the last line of a word in `counts/*.jsonl` tells how often it was met:
 *
 *     {"key":"exactly","count":1}
 *     {"key":"once","count":1}
 *     {"key":"exactly","count":2}
 */
import { file, job } from 'retake'

export default job('word-count', { checkpoint: { interval: '1s' } }, (flow) =>
  flow
    .from('lines', file.source({ path: flow.params.input, format: 'text' }))
    .flatMap((line) => line.toLowerCase().match(/\p{Letter}+/gu) ?? [])
    .keyBy((word) => word)
    .count('count')
    .to('counts', file.sink({ path: flow.params.output })),
)
