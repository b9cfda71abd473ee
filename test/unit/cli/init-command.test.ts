import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { codeBlocksOf, pageOf, wordsOf } from '../../house/docs.js'
import { mustRun, run } from '../../support/command.js'
import { PROJECT } from '../../support/project.js'
import { temporaryFolder } from '../../support/server-process.js'
import { recordingTerminal } from './recording-terminal.js'

const OWN = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'))

let parent: string
beforeEach(() => {
  parent = temporaryFolder('init')
})
afterEach(() => rmSync(parent, { recursive: true, force: true }))

async function init(folder: string) {
  const { terminal, data, talk } = recordingTerminal()
  const code = await runCommandLine(['init', folder], COMMANDS, terminal)
  return { code, data: data(), talk: talk() }
}

function manifestIn(folder: string) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
}

test('when a project is begun, then it is the example project, with a manifest and a .gitignore, and says what to type', async () => {
  const folder = join(parent, 'deep', 'Click Count')
  const { code, data, talk } = await init(folder)
  expect({ code, data }).toEqual({ code: 0, data: '' })
  expect(talk).toContain(`  cd ${folder}\n  npm install\n  npm test `)

  const example = readdirSync(join(PROJECT, 'examples', 'project')).filter((name) => name !== 'gitignore')
  expect(readdirSync(folder).sort()).toEqual([...example, '.gitignore', 'package.json'].sort())
  expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toContain('node_modules/\n')
  for (const file of ['src/click-count.ts', 'compose.yaml', 'README.md'])
    expect(readFileSync(join(folder, file))).toEqual(readFileSync(join(PROJECT, 'examples', 'project', file)))
})

test('when a project is begun, then its versions are those that the example is tested with', async () => {
  const folder = join(parent, 'my-job')
  await init(folder)
  const { name, engines, dependencies, devDependencies } = manifestIn(folder)
  expect({ name, engines }).toEqual({ name: 'my-job', engines: OWN.engines })
  const { retake, ...others } = { ...dependencies, ...devDependencies }
  expect(Object.keys(others).sort()).toEqual(['@types/node', 'typescript', 'valibot', 'vitest'])
  expect(OWN.devDependencies).toMatchObject(others)
  expect(join(folder, retake.replace('file:', ''))).toBe(PROJECT)
})

test.each([
  ['a registry', { resolved: 'https://registry.npmjs.org/retake/-/retake-0.1.0.tgz' }, OWN.version],
  ['a tarball', { resolved: 'file:downloads/retake.tgz' }, 'file:../downloads/retake.tgz'],
  ['wherever another package manager found it', undefined, OWN.version],
])(
  'when Retake was installed from %s, then the project takes it from there, too',
  async (_, entry, origin) => {
    const modules = join(parent, 'node_modules')
    for (const part of ['dist/src/cli', 'dist/src/kit', 'examples/project', 'package.json'])
      cpSync(join(PROJECT, part), join(modules, 'retake', part), { recursive: true })
    const lock = JSON.stringify({ packages: { 'node_modules/retake': entry } })
    if (entry !== undefined) writeFileSync(join(modules, '.package-lock.json'), lock)

    const main = join(modules, 'retake', 'dist', 'src', 'cli', 'main.js')
    await mustRun(process.execPath, [main, 'init', 'my-job'], { cwd: parent })
    expect(manifestIn(join(parent, 'my-job')).dependencies.retake).toBe(origin)
  },
)

test.each([
  ['Click Count!', 'click-count'],
  ['_private.', 'private.'],
  ['retake', 'retake-job'],
  ['vitest', 'retake-job'],
  ['ÄÖ', 'retake-job'],
])('when the folder is called "%s", then the package is called %s', async (given, name) => {
  await init(join(parent, given))
  expect(manifestIn(join(parent, given)).name).toBe(name)
})

test('when a folder holds something, then nothing in it is touched, and the line says what it holds', async () => {
  writeFileSync(join(parent, 'notes.txt'), 'mine')
  mkdirSync(join(parent, 'src'))
  const { code, talk } = await init(parent)
  expect(code).toBe(2)
  expect(talk).toBe(
    `retake: ${parent} is not empty: it holds notes.txt and 1 more\n` +
      '        name a folder that is empty or not there yet\n',
  )
  expect(readdirSync(parent)).toEqual(['notes.txt', 'src'])
})

test('when a folder is a fresh repository, then the project is begun in it', async () => {
  mkdirSync(join(parent, '.git'))
  expect((await init(parent)).code).toBe(0)
  expect(readdirSync(parent)).toContain('package.json')
})

test('when a file is where the folder should be, then it is a usage error, and no bug of ours', async () => {
  writeFileSync(join(parent, 'taken'), '')
  const { code, talk } = await init(join(parent, 'taken'))
  expect({ code, talk }).toEqual({
    code: 2,
    talk: expect.stringContaining('taken cannot be written: ENOTDIR'),
  })
})

test.skipIf(process.platform !== 'linux')(
  'when the system makes no folder there, as in /proc, then that is said at once',
  async () => {
    const main = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
    const { code, stderr } = await run(process.execPath, [main, 'init', '/proc/x/y'], { timeoutMs: 10_000 })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('cannot be written: ENOENT'),
    })
  },
)

test('when the README of a project shows a command, then the project has it', async () => {
  await init(join(parent, 'my-job'))
  const { scripts } = manifestIn(join(parent, 'my-job'))
  const lines = codeBlocksOf(pageOf('examples/project/README.md')).flatMap(({ text }) =>
    text.replaceAll('\\\n', ' ').split('\n'),
  )
  const ours = lines.filter((line) => line.startsWith('npx retake '))
  expect(ours.length).toBeGreaterThan(3)
  for (const line of ours) {
    const [, , name, ...rest] = wordsOf(line)
    const command = COMMANDS.find((each) => each.name === name)
    expect(command, line).toBeDefined()
    if (command !== undefined) expect(() => parseInvocation(command, rest), line).not.toThrow()
  }
  const named = lines.flatMap((line) => /^npm (?:run )?(\w+)/.exec(line)?.[1] ?? [])
  expect(named.filter((script) => script !== 'install').sort()).toEqual(Object.keys(scripts).sort())
})
