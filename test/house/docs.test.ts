import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { buildSync } from 'esbuild'
import { afterAll, expect, test } from 'vitest'
import type { Command } from '#src/cli/command.js'
import { COMMANDS } from '#src/cli/commands.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { bundleJob } from '#src/cluster/job-bundle.js'
import { buildPlan } from '#src/cluster/job-loader.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { systemClock } from '#src/kit/clock.js'
import { LIMITS } from '#src/kit/limits.js'
import { run } from '../support/command.js'
import { PROJECT } from '../support/project.js'
import {
  anchorsNamedIn,
  anchorsOf,
  codeBlocksOf,
  isThere,
  pageOf,
  pathsNamedIn,
  quotedTestsIn,
  readPages,
  sectionOf,
  stepsOf,
  Workbench,
  wordsOf,
} from './docs.js'
import { readHouse } from './source-module.js'

const PAGES = readPages()
const README = pageOf('README.md')
const GUARANTEES = pageOf('docs/guarantees.md')
const WALKS = [
  ['docs/follow-a-record.md', 'Follow a record'],
  ['docs/follow-a-record.md', 'Follow a barrier'],
  ['docs/architecture.md', 'Follow a failure'],
  ['docs/architecture.md', 'A cluster'],
] as const
const SCRIPTS = new Set(['test', ...Object.keys(JSON.parse(sourceOf('package.json')).scripts)])

const bench = new Workbench()
afterAll(() => bench.close())

test.each(PAGES)('when $path names a file, then it is there', (page) => {
  expect(pathsNamedIn(page).filter((path) => !isThere(path))).toEqual([])
})

test.each(PAGES)('when $path links to a heading, then a reader arrives there', (page) => {
  const lost = anchorsNamedIn(page).filter((link) => !anchorsOf(pageOf(link.page)).includes(link.anchor))
  expect(lost).toEqual([])
})

test.each(WALKS)(
  'when a newcomer takes the walk of %s, "%s", then each file holds what to look for',
  (path, walk) => {
    const steps = stepsOf(sectionOf(pageOf(path), walk))
    expect(steps.length).toBeGreaterThan(10)
    expect(steps.filter(({ path, symbol }) => symbol === '' || !mentions(sourceOf(path), symbol))).toEqual([])
  },
)

test('when a page is looked for, then a reader finds it in the index, and the README is short enough to be read', () => {
  const index = pageOf('docs/README.md')
  const listed = new Set([index.path, ...pathsNamedIn(index)])
  const pages = PAGES.filter(({ path }) => path.startsWith('docs/') && !path.startsWith('docs/decisions/'))
  expect(pages.map(({ path }) => path).filter((path) => !listed.has(path))).toEqual([])
  expect(README.text.split('\n').length).toBeLessThanOrEqual(251)
})

test.each(PAGES)('when $path shows a command, then it exists, with its options', (page) => {
  expect(commandsIn(page.text).flatMap(faultOfCommand)).toEqual([])
})

test('when a command takes an option, or a node a variable, then the page of the command has it', () => {
  const page = sourceOf('docs/cli.md')
  const options = COMMANDS.flatMap(({ name, options }) => options.map((option) => `${name} --${option.name}`))
  const missing = options.filter((option) => !new RegExp(`${option.split(' ')[1]}\\b`).test(page))
  const silent = COMMANDS.filter(({ name }) => !page.includes(`\`retake ${name}`)).map(({ name }) => name)
  expect({ missing, silent }).toEqual({ missing: [], silent: [] })

  const variables = new Set(
    readHouse().flatMap(({ path }) => sourceOf(path).match(/\bRETAKE_[A-Z_]*[A-Z]\b/g) ?? []),
  )
  const told = [...variables].filter((name) => !name.startsWith('RETAKE_SECRET_'))
  expect(told.length).toBeGreaterThan(5)
  expect(told.filter((name) => !page.includes(name))).toEqual([])
})

test('when the pages show TypeScript, then it compiles as a user would compile it', async () => {
  const blocks = PAGES.flatMap((page) =>
    codeBlocksOf(page)
      .filter(({ language }) => language === 'ts')
      .map(({ text }, index) => ({ name: `${page.path.replaceAll(/[/.]/g, '-')}-${index}.ts`, text })),
  )
  expect(blocks.length).toBeGreaterThan(1)
  for (const { name, text } of blocks) bench.write(name, text)
  for (const name of ['click.ts', 'click-bursts.ts', 'click-count.ts', 'click-params.ts'])
    bench.write(name, sourceOf(`examples/${name}`))
  bench.write(
    'tsconfig.json',
    JSON.stringify({ extends: join(PROJECT, 'tsconfig.json'), compilerOptions: ALONE, include: ['.'] }),
  )
  const compiler = join(PROJECT, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout, code } = await run(process.execPath, [compiler, '-p', bench.folder, '--pretty', 'false'])
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 })
}, 60_000)

test('when the README shows a job, then it is the click count of the examples', async () => {
  const [job] = codeBlocksOf(README).filter(({ text }) => text.includes('export default job('))
  bench.write('click.ts', sourceOf('examples/click.ts'))
  const shown = await planned(bench.write('click-count.ts', job?.text ?? ''))
  expect(shown).toEqual(await planned(join(PROJECT, 'examples', 'click-count.ts')))
}, 60_000)

test('when the page of actors shows an example, then it prints what stands below it', async () => {
  const [example, printed] = codeBlocksOf(pageOf('docs/actors.md'))
  const entry = bench.write('actors.ts', example?.text ?? '')
  const outfile = join(bench.folder, 'actors.mjs')
  buildSync({ entryPoints: [entry], outfile, format: 'esm' })
  const { stdout, stderr } = await run(process.execPath, [outfile])
  expect({ stdout, stderr }).toEqual({ stdout: printed?.text, stderr: '' })
})

test('when the page of tests shows an operator, and tests, then they are those of the examples', () => {
  const [operator, tests, testsOfJob] = codeBlocksOf(pageOf('docs/testing.md')).map(({ text }) => text)
  expect(sourceOf('examples/click-bursts.ts')).toContain(operator?.slice(operator.indexOf('const kept')))
  expect(tests).toBe(sourceOf('examples/click-bursts.test.ts'))
  expect(testsOfJob).toBe(sourceOf('examples/click-count.test.ts'))
})

test.each([
  ['An operator', 'operator-harness'],
  ['A job', 'job-driver'],
])('when the page of tests quotes a test of "%s", then that test is there', (section, file) => {
  const quoted = [...sectionOf(pageOf('docs/testing.md'), section).text.matchAll(/“([^”]+)”/g)]
  const titles = sourceOf(`test/unit/testing/${file}.test.ts`)
  expect(quoted.length).toBeGreaterThan(5)
  expect(
    quoted.map(([, name = '']) => name.replaceAll(/\s+/g, ' ')).filter((name) => !titles.includes(name)),
  ).toEqual([])
})

test('when a guarantee quotes a test, then that test is there', () => {
  const quoted = quotedTestsIn(GUARANTEES)
  expect(quoted.length).toBeGreaterThan(20)
  expect(quoted.filter(({ path, name }) => !sourceOf(path).replaceAll(/\s+/g, ' ').includes(name))).toEqual(
    [],
  )
})

test.each(['docs/guarantees.md', 'docs/operations.md', 'docs/protocol.md'])(
  'when %s names a limit, then it is the one that holds',
  (path) => {
    const rows = [...pageOf(path).text.matchAll(/^\| `(\w+)` \| (\d+) (KB|MB|ms|s|min) \|/gm)]
    expect(rows.length).toBeGreaterThan(3)
    for (const [, name = '', value, unit = ''] of rows) {
      const limit = Number(value) * (UNITS[unit] ?? Number.NaN)
      expect({ name, limit: LIMITS[name as keyof typeof LIMITS] }).toEqual({ name, limit })
    }
  },
)

test('when decisions are read, then in the order of their numbers, each with its reasons, a page at most', () => {
  const names = readdirSync(join(PROJECT, 'docs', 'decisions')).sort()
  const numbers = names.map((name) => Number(/^(\d{4})-[a-z0-9-]+\.md$/.exec(name)?.[1]))
  expect(numbers).toEqual(names.map((_, index) => index + 1))
  for (const name of names) {
    const text = sourceOf(`docs/decisions/${name}`)
    expect(text.split('\n').length, name).toBeLessThan(60)
    const parts = [...text.matchAll(/^\*\*([^*]+)\.\*\*/gm)].map(([, part]) => part)
    expect(parts, name).toEqual(['Context', 'Choice', 'Consequences', 'What would change our mind'])
  }
})

const UNITS: Readonly<Record<string, number>> = { KB: 1024, MB: 1024 ** 2, ms: 1, s: 1_000, min: 60_000 }

/** No output, and no types but those of the package. */
const ALONE = { noEmit: true, incremental: false, composite: false, rootDir: PROJECT, noUnusedLocals: false }

function sourceOf(path: string): string {
  return readFileSync(join(PROJECT, path), 'utf8')
}

function mentions(source: string, symbol: string): boolean {
  return new RegExp(`${symbol.startsWith('#') ? '' : '\\b'}${symbol}\\b`).test(source)
}

/** Lines of shell blocks, and code in sentences, that begin with one of our commands. */
function commandsIn(text: string): { readonly line: string; readonly isTyped: boolean }[] {
  const typed = [...text.matchAll(/^```(?:sh|console)\n([\s\S]*?)^```$/gm)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => ({ line: line.replace(/^\$ /, ''), isTyped: true }))
  const told = [...text.matchAll(/`((?:npm|npx|retake) [^`\n]+)`/g)].map(([, line = '']) => ({
    line,
    isTyped: false,
  }))
  return [...typed, ...told]
    .map(({ line, isTyped }) => ({ line: line.replace(/\s+#.*$/, '').trim(), isTyped }))
    .filter(({ line }) => /^(npm|npx retake|retake) /.test(line))
}

/** What is typed must be a whole command line; a sentence may leave out what does not matter to it. */
function faultOfCommand({ line, isTyped }: { readonly line: string; readonly isTyped: boolean }): string[] {
  const script = /^npm (?:run )?([\w-]+)/.exec(line)?.[1]
  if (script !== undefined && !SCRIPTS.has(script) && script !== 'ci' && script !== 'install')
    return [`${line}: package.json has no script "${script}"`]
  const [, name, rest = ''] = /^(?:npm run retake --|npx retake|retake) ([a-z]+)(.*)$/.exec(line) ?? []
  if (name === undefined) return []
  const command = COMMANDS.find((each) => each.name === name)
  if (command === undefined) return [`${line}: there is no command "${name}"`]
  if (isTyped) return refusalOf(command, line, wordsOf(rest))
  const options = [...rest.matchAll(/(?:^|\s)--([a-z-]+)/g)].map(([, option = '']) => option)
  return options
    .filter((option) => option !== 'help' && !command.options.some((each) => each.name === option))
    .map((option) => `${line}: ${name} has no option --${option}`)
}

function refusalOf(command: Command, line: string, words: readonly string[]): string[] {
  try {
    parseInvocation(command, words)
    return []
  } catch (error) {
    return [`${line}: ${(error as Error).message}`]
  }
}

/** What a job does, whatever its parameters are called: operators, edges, policy, and what the table gets. */
async function planned(file: string): Promise<unknown> {
  const { code } = await bundleJob(file)
  const path = bench.write(`${basename(dirname(file))}/bundle.mjs`, code)
  const params = { brokers: 'localhost:9092' }
  const plan: JobPlan = await buildPlan(path, { params }, { clock: systemClock })
  const vertices = plan.vertices.map(({ operators }) =>
    operators.map(({ id, kind, connector }) => ({ id, kind, options: withoutEnds(connector?.options) })),
  )
  const { name, edges, checkpoint, restart } = plan
  return { name, vertices, edges, checkpoint, restart }
}

/** The example may be bounded. */
function withoutEnds(options: Readonly<Record<string, unknown>> | undefined): unknown {
  return options === undefined ? undefined : { ...options, bounded: undefined }
}
