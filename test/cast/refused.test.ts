import { readdirSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Cast, jobFile } from './cast.js'
import { lineIn } from './line-in.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test.each([
  { name: 'throws-on-import', code: 'RT1105', line: 'JSON.parse' },
  { name: 'dice', code: 'RT1108', line: '.map(' },
  { name: 'no-export', code: 'RT1106', line: undefined },
  { name: 'nowhere-to-be-found', code: 'RT1101', line: undefined },
])(
  'when a job is $name, then it is refused with $code, its place and a remedy, and nothing is submitted',
  async ({ name, code, line }) => {
    const node = await cast.node()
    const refusal = await node.submit(cast.submission(name)).then(
      () => undefined,
      (error) => error,
    )
    expect(refusal).toMatchObject({ code, fix: expect.stringMatching(/\w/) })
    if (line !== undefined) expect(refusal.where).toBe(`${jobFile(name)}:${lineIn(jobFile(name), line)}`)
    expect(runsIn(cast.stateDirectory)).toEqual([])
  },
)

function runsIn(stateDirectory: string): string[] {
  try {
    return readdirSync(`${stateDirectory}/runs`)
  } catch {
    return []
  }
}
