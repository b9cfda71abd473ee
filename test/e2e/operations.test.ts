import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeBlocksOf, loose, type Page, pageOf, sectionOf, type Typed, typedIn } from '../house/docs.js'
import { findProgram, mustRun, run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { freePort } from '../support/free-port.js'
import { natsAvailability } from '../support/nats-server.js'
import { PROJECT } from '../support/project.js'
import { accepts, ServerProcess, temporaryFolder } from '../support/server-process.js'
import { until } from '../support/until.js'
import { NodeProcess } from './node-process.js'

/** What `docs/operations.md` shows is done here as it stands there, with other ports and folders. */

const PAGE = pageOf('docs/operations.md')
const MACHINES = pageOf('docs/several-machines.md')
const MAIN = join(PROJECT, 'dist', 'src', 'cli', 'main.js')
const WALK_MS = 90_000

const nodes: NodeProcess[] = []
let folder: string
beforeEach(() => {
  folder = temporaryFolder('operations')
})
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.kill()
  rmSync(folder, { recursive: true, force: true })
})

await describeWith({ nats: 'oldest' }, 'a cluster in three terminals', () => {
  let server: ServerProcess
  let port: number
  beforeEach(async () => {
    port = await freePort()
  })
  afterEach(() => server.destroy())

  test(
    'when the commands of the page are typed, then what it shows comes',
    async () => {
      const blocks = codeBlocksOf(sectionOf(PAGE, 'A cluster in three terminals'))
      const terminals = blocks.filter(({ language }) => language === 'console').map(typedIn)
      const [serverLine, jobManagerLine, taskManagerLine] = terminals.slice(0, 3).flat()
      const elsewhere = terminals[3] ?? []
      server = await typeServer(serverLine!)
      const jobManager = await typeNode('jm-1', jobManagerLine!)
      const taskManager = await typeNode('tm-1', taskManagerLine!)
      expectShown(jobManager.said, jobManagerLine!)
      expectShown(taskManager.said, taskManagerLine!)

      expect(elsewhere).toHaveLength(7)
      const isAt = (command: string) => elsewhere.findIndex(({ words }) => words[1] === command)
      for (const [index, typed] of elsewhere.entries()) {
        // Somebody who reads takes longer than the first records need.
        if (index === isAt('list')) await until(hasRates, { what: 'the job to have rates', everyMs: 200 })
        const { stdout, stderr, code } = await retake(typed)
        expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
        expectShown(`${stdout}\n${stderr}`.split('\n'), typed)
      }

      expect(await taskManager.leave()).toContainEqual(expect.stringContaining('✔ drained'))
      await jobManager.leave()
    },
    WALK_MS,
  )

  async function typeServer({ words: [program, ...args] }: Typed): Promise<ServerProcess> {
    expect(program).toBe('nats-server')
    const found = await natsAvailability('oldest')
    if (found.kind === 'unavailable') throw new Error(found.reason)
    const started = new ServerProcess('nats', () => ({
      name: 'nats-server',
      program: found.value.path,
      args: args.map(elsewhereOf),
      stopSignal: 'SIGTERM',
      abortSignal: 'SIGKILL',
    }))
    await started.start(() => accepts(port))
    return started
  }

  async function typeNode(name: string, { words }: Typed): Promise<NodeProcess> {
    expect(words.slice(0, 2)).toEqual(['retake', 'node'])
    const node = new NodeProcess({ name, args: [MAIN, ...words.slice(1)], env: surroundings() })
    nodes.push(node)
    await node.start()
    return node
  }

  function retake({ words: [program, ...args] }: Typed) {
    expect(program).toBe('retake')
    const env = { ...process.env, ...surroundings() }
    return run(process.execPath, [MAIN, ...args.map(elsewhereOf)], { cwd: PROJECT, env })
  }

  async function hasRates(): Promise<boolean> {
    const { stdout } = await retake({ words: ['retake', 'list', '-o', 'json'], shown: [] })
    const [job] = (JSON.parse(stdout) as { jobs: { rates: object | null; checkpoint: object | null }[] }).jobs
    return job !== undefined && job.rates !== null && job.checkpoint !== null
  }

  /** The address that no command of the page needs to name. */
  function surroundings() {
    return { NO_COLOR: '1', RETAKE_NATS: `nats://127.0.0.1:${port}` }
  }

  function elsewhereOf(word: string): string {
    return word
      .replace(/^4222$/, String(port))
      .replace(/^(nats-data)$/, join(folder, '$1'))
      .replace(/^(output)=/, `$1=${folder}/`)
  }
})

test('when the unit of the page is verified, then systemd knows every line of it', async () => {
  const unit = blockOf(MACHINES, 'As services of systemd', 'ini')
  const sections = unit.matchAll(/^\[(\w+)\]$/gm)
  expect([...sections].map(([, name]) => name)).toEqual(['Unit', 'Service', 'Install'])
  const [, command = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? []
  expect(command).toContain('/dist/src/cli/main.js node --role %i')
  const systemd = findProgram('systemd-analyze')
  if (systemd === undefined) return
  const file = join(folder, 'retake@task-manager.service')
  writeFileSync(file, unit.replace('ExecStart=/usr/bin/node', `ExecStart=${process.execPath}`))
  const { code, stderr } = await run(systemd, ['verify', file])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test('when the unit gives a node time to leave, then more than a drain takes', async () => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(blockOf(MACHINES, 'As services of systemd', 'ini')) ?? []
  const help = await mustRun(process.execPath, [MAIN, 'help', 'node'])
  const [, drain] = /--drain-timeout DURATION.*\((\d+)s\)/.exec(help) ?? []
  expect(Number(seconds)).toBeGreaterThan(Number(drain))
  expect(readFileSync(join(PROJECT, 'package.json'), 'utf8')).toContain('"retake": "./dist/src/cli/main.js"')
})

function blockOf(page: Page, section: string, language: string): string {
  const [block] = codeBlocksOf(sectionOf(page, section)).filter((each) => each.language === language)
  return block?.text ?? ''
}

/** Every line that the page shows has come, whatever ids, numbers and units it had there. */
function expectShown(said: readonly string[], { shown }: Typed): void {
  const came = said.map(loose)
  for (const line of shown) expect(came).toContain(loose(line))
}
