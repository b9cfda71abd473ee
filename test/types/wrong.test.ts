import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from '../support/command.js'
import { PROJECT } from '../support/project.js'

const FOLDER = join(PROJECT, 'test', 'types', 'wrong')
const TSC = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc')

const compiled = run(process.execPath, [TSC, '-p', FOLDER, '--pretty', 'false'], { cwd: FOLDER })

/** By file, what the compiler says of it. */
async function messages(): Promise<ReadonlyMap<string, string>> {
  const { stdout } = await compiled
  const byFile = new Map<string, string>()
  let file = ''
  for (const line of stdout.trim().split('\n')) {
    file = /^([^\s(]+\.ts)\(/.exec(line)?.[1] ?? file
    byFile.set(file, `${byFile.get(file) ?? ''}${line}\n`)
  }
  return byFile
}

test('when wrong programs are compiled, then each is told its mistake on its line', async () => {
  const told = await messages()
  const text = [...told].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, message]) => message)
  await expect(text.join('\n')).toMatchFileSnapshot('wrong/messages.txt')
})

test('when programs are wrong, then none compiles; when they are right, then all do', async () => {
  const wrong = readdirSync(FOLDER).filter((file) => file.endsWith('.ts'))
  expect(wrong.length).toBeGreaterThan(15)
  expect([...(await messages()).keys()].sort()).toEqual(wrong.sort())
})
