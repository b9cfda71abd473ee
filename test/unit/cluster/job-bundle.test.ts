import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BUNDLE_FILE } from '#src/cluster/bundle-cache.js'
import { bundleJob } from '#src/cluster/job-bundle.js'
import { type BuildRequest, buildPlan } from '#src/cluster/job-loader.js'
import { systemClock } from '#src/kit/clock.js'
import { LIMITS } from '#src/kit/limits.js'

let directory: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'retake-bundle-'))
})
afterAll(() => rm(directory, { recursive: true, force: true }))

async function file(name: string, text: string): Promise<string> {
  const path = join(directory, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  return path
}

const JOB = `import { discard, generator, job } from 'retake'
import { twice } from './twice.js'
export default job('numbers', (flow) =>
  flow.from('numbers', generator.source({ make: (_, index) => ({ value: index }), count: 10 }))
    .map((record) => twice(record.value))
    .to('out', discard()),
)
`
const TWICE = 'export function twice(value: number) {\n  return { value: 2 * value }\n}\n'

async function jobIn(name: string): Promise<string> {
  await file(`${name}/twice.ts`, TWICE)
  return file(`${name}/job.ts`, JOB)
}

/** Bundles and keeps `text` as a job, and plans it. */
async function planOf(name: string, text: string, request: Partial<BuildRequest> = {}, timeoutMs?: number) {
  const bundle = await bundleJob(await file(`${name}/job.ts`, text))
  const path = await file(`${name}/${BUNDLE_FILE}`, bundle.code)
  await file(`${name}/${BUNDLE_FILE}.map`, bundle.map)
  const options = { clock: systemClock, hash: bundle.hash, ...(timeoutMs !== undefined && { timeoutMs }) }
  return buildPlan(path, { params: {}, ...request }, options)
}

test('when one job is bundled in two directories, then the bundle is the same, and the maps name the sources', async () => {
  const [one, other] = [await bundleJob(await jobIn('one')), await bundleJob(await jobIn('other'))]
  expect(one.hash).toMatch(/^[0-9a-f]{64}$/)
  expect(other.hash).toBe(one.hash)
  expect(one.code).not.toContain(directory)
  expect(JSON.parse(one.map).sources).toContain(`file://${join(directory, 'one', 'job.ts')}`)
  expect(one.warning).toBeUndefined()
})

test('when a job uses every entry of the package, then no client comes with it', async () => {
  const path = await file(
    'entries/job.ts',
    `import * as retake from 'retake'\nimport * as kafka from 'retake/kafka'\nimport * as postgres from 'retake/postgres'\nexport default [retake, kafka, postgres]`,
  )
  const { code, bytes } = await bundleJob(path)
  expect(bytes).toBeLessThan(100_000)
  expect(code).not.toMatch(/from\s*["'](?:pg|kafkajs|nats|pino|esbuild)["']/)
})

test('when a job is planned, then nothing of it runs here, and places are the user’s own lines', async () => {
  await file('planned/twice.ts', TWICE)
  const plan = await planOf('planned', JOB, { parallelism: 3 })
  expect(plan).toMatchObject({ name: 'numbers' })
  expect(plan.vertices[0]?.parallelism).toBe(3)
  expect(plan.vertices[0]?.operators.map(({ id, where }) => [id, where])).toEqual([
    ['numbers', `${directory}/planned/job.ts:4`],
    ['map-1', `${directory}/planned/job.ts:5`],
    ['out', `${directory}/planned/job.ts:6`],
  ])
})

const error = (code: string, text: RegExp, where?: RegExp) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(text),
    ...(where && { where: expect.stringMatching(where) }),
  })

test('when there is no such file, then the error says where it was looked for', async () => {
  await expect(bundleJob(join(directory, 'nowhere.ts'))).rejects.toThrow(error('RT1101', /nowhere\.ts/))
})

test.each([
  ['a mistake in its syntax', 'const a = 1\nexport default {', /but found end of file/, /job\.ts:2$/],
  [
    'an import that is nowhere',
    "import x from './gone.js'\nexport default x",
    /Could not resolve "\.\/gone\.js"/,
    /job\.ts:1$/,
  ],
  [
    'an entry that retake has not',
    "import { x } from 'retake/kafak'\nexport default x",
    /it has retake, retake\/actor, retake\/kafka/,
    /job\.ts:1$/,
  ],
  ['a native addon', "import x from './x.node'\nexport default x", /\.node/, /job\.ts:1$/],
])('when a job has %s, then it does not bundle, and the line is named', async (name, text, why, where) => {
  const at = name.replaceAll(' ', '-')
  await file(`${at}/x.node`, '')
  await expect(bundleJob(await file(`${at}/job.ts`, text))).rejects.toThrow(error('RT1102', why, where))
})

test('when a bundle is large, then it is mentioned; when it is too large, then it is refused', async () => {
  const big = (bytes: number) => `export default ${JSON.stringify('x'.repeat(bytes))}`
  const { warning } = await bundleJob(await file('large/job.ts', big(LIMITS.bundleWarnBytes)))
  expect(warning).toMatch(/1\.0 MB; largest: job\.ts \(\d+ KB\)/)
  await expect(bundleJob(await file('huge/job.ts', big(LIMITS.bundleBytesMax)))).rejects.toThrow(
    error('RT1103', /32\.0 MB/),
  )
})

test.each<[string, string, string, RegExp, RegExp?]>([
  [
    'throws on import',
    'RT1105',
    "const a = 1\nthrow new TypeError('no ' + a)\nexport default a",
    /TypeError: no 1/,
    /job\.ts:2$/,
  ],
  [
    'throws when built',
    'RT1105',
    "import { job } from 'retake'\nexport default job('x', () => {\n  throw new Error('not here')\n})",
    /not here/,
    /job\.ts:3$/,
  ],
  ['throws what is no error', 'RT1105', "throw 'words'\nexport default 1", /words/],
  ['ends its thread', 'RT1105', 'process.exit(3)\nexport default 1', /code 3/],
  ['exports nothing', 'RT1106', 'export const job = 1', /no default export/],
  ['exports a number', 'RT1106', 'export default 1', /it exports number/],
  [
    'has no sink',
    'RT1002',
    "import { generator, job } from 'retake'\nexport default job('x', (flow) => flow.from('a', generator.source({ make: (_, n) => n, count: 1 })))",
    /no sink/,
  ],
  [
    'needs a parameter',
    'RT1705',
    "import { job } from 'retake'\nexport default job('x', (flow) => flow.params.brokers)",
    /brokers/,
  ],
])('when a job %s, then it is refused with %s and the place', async (name, code, text, why, where) => {
  await expect(planOf(name.replaceAll(' ', '-'), text)).rejects.toThrow(error(code, why, where))
})

test('when a job never comes to an end with its import, then it is refused in time', async () => {
  await expect(planOf('endless', 'for (;;);\nexport default 1', {}, 300)).rejects.toThrow(
    error('RT1107', /300 ms/),
  )
  await expect(
    planOf('waiting', 'await new Promise((_) => setInterval(() => {}, 1000))\nexport default 1', {}, 300),
  ).rejects.toThrow(error('RT1107', /300 ms/))
})

test('when the graph differs between two builds, then the first difference and its place are named', async () => {
  const dice = JOB.replace("'out'", "'out-' + Math.random()").replace(
    "import { twice } from './twice.js'",
    'const twice = (n: number) => n',
  )
  await expect(planOf('dice', dice)).rejects.toThrow(
    error('RT1108', /vertices\[0\]\.(name|operators\[2\]\.id) was .*out-0\.\d+/, /job\.ts/),
  )
})

test('when the kept bundle is not the one that was submitted, then it is not run', async () => {
  const path = await file('changed/bundle.mjs', 'export default 1')
  const options = { clock: systemClock, hash: 'f'.repeat(64) }
  await expect(buildPlan(path, { params: {} }, options)).rejects.toThrow(error('RT1109', /sha256/))
})
