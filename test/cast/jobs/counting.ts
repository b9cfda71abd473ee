import { existsSync, writeFileSync } from 'node:fs'
import { file, type JobOptions, job, type Params } from 'retake'
import { type Numbered, numbers } from './numbers.js'

/**
 * Numbers as they are, and counted by key, exactly once in files. At the number `poison` the map throws, or runs for
 * ever: always, or only while there is no file `once`.
 */
export function counting(options: JobOptions) {
  return job('counting', { checkpoint: { interval: '100ms' }, ...options }, (flow) => {
    const { count, rate, splits, output, poison, once, poisoned } = { ...(flow.params as Params) }
    const checked = flow
      .from('numbers', numbers({ count, rate, ...(splits !== undefined && { splits: Number(splits) }) }))
      .map((one) => swallow(one, { poison, once, poisoned }), { id: 'check' })
    checked.to('plain', file.sink({ path: `${output}/plain` }))
    checked
      .keyBy(({ key }) => key)
      .count('counts')
      .to('counted', file.sink({ path: `${output}/counted` }))
  })
}

interface Poison {
  readonly poison: string | undefined
  readonly once: string | undefined
  readonly poisoned: string | undefined
}

function swallow(one: Numbered, { poison, once, poisoned }: Poison): Numbered {
  if (one.id !== Number(poison) || (once !== undefined && existsSync(once))) return one
  if (once !== undefined) writeFileSync(once, '')
  while (poisoned === 'for-ever');
  throw new Error('cannot be swallowed', { cause: new TypeError('it is poisonous') })
}
