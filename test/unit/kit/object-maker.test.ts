import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { objectMaker } from '#src/kit/object-maker.js'

const NAMES = ['b', 'a', 'two words', '"', "it's", '\u2028', '1', '']

test('when an object is made, then it has the fields in their order, and nothing of the array', () => {
  const values = NAMES.map((_, i) => i)
  const made = objectMaker(NAMES)(values)
  values.fill(-1)
  expect(made).toStrictEqual(Object.fromEntries(NAMES.map((name, i) => [name, i])))
})

test('when no code may be made of texts, then objects are made all the same', () => {
  const module = fileURLToPath(new URL('../../../dist/src/kit/object-maker.js', import.meta.url))
  const program = `
    import { objectMaker } from ${JSON.stringify(module)}
    console.log(JSON.stringify(objectMaker(['a', 'b'])([1, 'x'])))`
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', program]
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8' })
  expect(stdout.trim(), stderr).toBe('{"a":1,"b":"x"}')
})
