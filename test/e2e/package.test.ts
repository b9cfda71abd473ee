import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { codeBlocksOf, pageOf } from '../house/docs.js'
import { type CommandResult, mustRun, run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { NODE_MAJORS, nodeAvailability } from '../support/node-program.js'
import { packageLinters } from '../support/package-linters.js'
import { PROJECT } from '../support/project.js'
import { temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { NodeProcess } from './node-process.js'

/**
 * What a stranger has: the tarball, and two empty folders. In one it is installed, in the other a project is begun with
 * it, which from then on knows nothing of this checkout. Without npm's registry nothing of it can be done.
 */

const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error']
const INSTALL_MS = 180_000
const TEST_MS = 120_000

let folder: string
let tarball: string
let project: string

beforeAll(async () => {
  folder = temporaryFolder('package')
  const pack = ['pack', '--json', '--ignore-scripts', '--loglevel=silent', '--pack-destination', folder]
  const [{ filename }] = JSON.parse(await mustRun('npm', pack, { cwd: PROJECT }))
  tarball = join(folder, filename)

  const empty = join(folder, 'empty')
  mkdirSync(empty)
  writeFileSync(join(empty, 'package.json'), '{ "private": true }')
  await mustRun('npm', [...INSTALL, tarball], { cwd: empty, timeoutMs: INSTALL_MS })
  await mustRun('npx', ['retake', 'init', join('..', 'my-job')], { cwd: empty })
  project = join(folder, 'my-job')
  await mustRun('npm', INSTALL, { cwd: project, timeoutMs: INSTALL_MS })
}, 2 * INSTALL_MS)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** In the project, with this Node before all others. */
async function typed(line: string, node = process.execPath): Promise<CommandResult> {
  const [program = '', ...args] = line.split(' ')
  const env = { ...process.env, NO_COLOR: '1', PATH: `${dirname(node)}${delimiter}${process.env.PATH}` }
  return run(program, args, { cwd: project, env, timeoutMs: TEST_MS })
}

await describeWith({ npm: true }, 'the compiler', () => {
  test.each(['nodenext', 'bundler'])(
    'when a job is written from the README alone, then it compiles with %s, and so does the whole project',
    async (moduleResolution) => {
      const jobs = codeBlocksOf(pageOf('README.md')).filter(
        ({ language, text }) => language === 'ts' && text.includes('export default job('),
      )
      expect(jobs.length).toBeGreaterThan(0)
      for (const [index, { text }] of jobs.entries())
        writeFileSync(join(project, 'src', `readme-${index}.ts`), text)
      const module = moduleResolution === 'bundler' ? 'esnext' : moduleResolution
      const { code, stdout } = await typed(
        `npm run -s check -- --module ${module} --moduleResolution ${moduleResolution}`,
      )
      expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    },
    TEST_MS,
  )
})

for (const major of NODE_MAJORS)
  await describeWith({ npm: true, node: major }, `Node ${major}`, () => {
    test(
      'when the project is tested, and a job is run to its end, then all is well, and nothing warns',
      async () => {
        const found = await nodeAvailability(major)
        if (found.kind === 'unavailable') throw new Error(found.reason)
        const version = await typed('node --version', found.value)
        expect(version.stdout).toMatch(new RegExp(`^v${major}\\.`))

        const tested = await typed(`npm test -- --testTimeout ${TEST_MS}`, found.value)
        expect(tested).toMatchObject({ code: 0, stdout: expect.stringMatching(/Tests +1 passed/) })

        copyFileSync(join(PROJECT, 'examples', 'word-count.ts'), join(project, 'src', 'word-count.ts'))
        writeFileSync(join(project, 'words.txt'), 'once is not twice\n'.repeat(3))
        const output = `counts-${major}`
        const counted = await typed(
          `npx retake dev src/word-count.ts --param input=words.txt --param output=${output}`,
          found.value,
        )
        expect(counted).toMatchObject({ code: 0, stderr: expect.stringContaining('✔ FINISHED') })
        expect(`${tested.stderr}${counted.stderr}`).not.toMatch(/warning/i)
        const files = readdirSync(join(project, output)).filter((name) => name.endsWith('.jsonl'))
        const lines = files.flatMap((name) =>
          readFileSync(join(project, output, name), 'utf8')
            .trim()
            .split('\n'),
        )
        expect(lines).toHaveLength(12)
        for (const word of ['once', 'is', 'not', 'twice'])
          expect(lines).toContain(JSON.stringify({ key: word, count: 3 }))
      },
      TEST_MS,
    )
  })

await describeWith({ npm: true, nats: 'oldest' }, 'a cluster of the project', () => {
  const nodes: NodeProcess[] = []
  let nats: NatsServer
  beforeAll(async () => {
    nats = await startNats({ version: 'oldest', jetStream: true })
  })
  afterAll(async () => {
    for (const node of nodes) await node.kill()
    await nats?.stop()
  })

  async function startNode(name: string, ...args: string[]): Promise<NodeProcess> {
    const program = join(project, 'node_modules', '.bin', 'retake')
    const own = [program, 'node', '--nats', nats.url, '--name', name, ...args]
    const node = new NodeProcess({ name, args: own })
    nodes.push(node)
    await node.start()
    return node
  }

  async function retake(line: string): Promise<unknown> {
    const { code, stdout, stderr } = await typed(`npx retake ${line} --nats ${nats.url} -o json`)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    return JSON.parse(stdout)
  }

  test(
    'when the machine that runs its job is killed, then the job goes on from its newest checkpoint',
    async () => {
      await startNode('jm-1', '--role', 'job-manager')
      const taskManager = await startNode('tm-1', '--role', 'task-manager', '--slots', '1')
      await retake('run src/click-count-demo.ts --detach')
      const taken = (await retake('checkpoints click-count-demo --now')) as Taken

      await taskManager.kill()
      await taskManager.start()
      const isBack = async () => {
        const shown = (await retake('show click-count-demo')) as Shown
        return shown.status === 'RUNNING' && shown.attempt === 2 ? shown : undefined
      }
      const shown = await until(isBack, { what: 'attempt 2 to run', timeoutMs: 30_000, everyMs: 200 })
      expect(shown.attempts[0]?.from).toBeGreaterThanOrEqual(taken.checkpoint.checkpoint)
      expect(await retake('cancel click-count-demo')).toMatchObject({ outcome: 'canceled' })
    },
    TEST_MS,
  )
})

/** What `retake checkpoints --now -o json` prints, as far as it is looked at here. */
interface Taken {
  readonly checkpoint: { readonly checkpoint: number }
}

/** The same of `retake show -o json`. */
interface Shown {
  readonly status: string
  readonly attempt: number
  readonly attempts: readonly { readonly from: number }[]
}

await describeWith({ npm: true, packageLinters: true }, 'those who look at packages', () => {
  test(
    'when publint and arethetypeswrong look at the tarball, then they find nothing',
    async () => {
      const linters = await packageLinters()
      if (linters.kind === 'unavailable') throw new Error(linters.reason)
      const { publint, attw } = linters.value
      const published = await run(publint, ['run', tarball, '--strict', '--level', 'suggestion'])
      expect(published).toMatchObject({ code: 0, stdout: expect.stringContaining('All good!') })
      // Ours are modules for Node 20 and bundlers: `require` of them, and resolution before `exports`, are not for us.
      const types = await run(attw, [tarball, '--profile', 'esm-only', '--format', 'ascii', '--no-color'])
      expect({ code: types.code, said: types.code === 0 ? '' : types.stdout }).toEqual({ code: 0, said: '' })
    },
    TEST_MS,
  )
})
