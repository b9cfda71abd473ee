import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Bitten, runMutations } from '../../sim/mutation-run.js'
import { MUTATIONS } from '../../sim/mutations.js'
import { PROJECT } from '../../support/project.js'

test.each(MUTATIONS)('when $name, then there is one place where that is said', ({ file, from, to }) => {
  expect(readFileSync(join(PROJECT, file), 'utf8').split(from)).toHaveLength(2)
  expect(to).not.toBe(from)
})

test('when the code is broken in one place, then the simulation notices', { timeout: 180_000 }, async () => {
  const bitten: Bitten[] = []
  await runMutations(60, ['credit is counted twice', 'the end of one input'], (one) => bitten.push(one))
  expect(bitten.map(({ seeds }) => seeds)).toEqual([expect.any(Number), expect.any(Number)])
})
