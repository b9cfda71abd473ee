import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { codeBlocksOf, loose, type Page, pageOf, sectionOf, type Typed, typedIn } from '../house/docs.js'
import { findProgram, mustRun, run } from '../support/command.js'
import { describeWith } from '../support/describe-with.js'
import { freePort } from '../support/free-port.js'
import { type NatsServer, type NatsVersion, natsAvailability, startNats } from '../support/nats-server.js'
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

const USERS = {
  JOB_MANAGER_PASSWORD: 'a-password-of-jm',
  TASK_MANAGER_PASSWORD: 'a-password-of-tm',
  CLIENT_PASSWORD: 'a-password-of-client',
} as const

for (const version of ['oldest', 'current'] as const satisfies readonly NatsVersion[]) {
  await describeWith({ nats: version }, `a NATS user for each role, the ${version} server`, () => {
    let nats: NatsServer | undefined
    afterEach(async () => {
      await nats?.stop()
      nats = undefined
    })

    test(
      'when each role may do what the page lists, then a job runs, and nobody lacks anything',
      async () => {
        nats = await startWith(usersOf())
        for (const [name, role] of [
          ['jm-1', 'job-manager'],
          ['tm-1', 'task-manager'],
          ['tm-2', 'task-manager'],
        ] as const) {
          await nodeOf(name, role).start()
        }
        for (const role of ['job-manager', 'task-manager'] as const) {
          const examined = await retakeAs(role, ['doctor', '--role', role])
          expect(examined).toMatchObject({ code: 0, stdout: expect.stringContaining('\n0 problems, ') })
        }
        const output = join(folder, 'throws')
        const job = ['examples/dice.ts', '--param', `output=${output}`, '--detach']
        expect(await asClient('run', ...job)).toMatchObject({ code: 0 })
        await until(
          async () => JSON.parse((await asClient('list', '-o', 'json')).stdout).jobs[0].checkpoint,
          {
            what: 'a checkpoint',
            timeoutMs: 30_000,
            everyMs: 200,
          },
        )
        // More than are retained: what is let go is deleted, too.
        for (let i = 0; i < 4; i++)
          expect(await asClient('checkpoints', 'dice', '--now')).toMatchObject({ code: 0 })
        expect((await asClient('actors', '-o', 'json')).stdout).toContain('"slot": 0')
        expect(await asClient('cancel', 'dice')).toMatchObject({ code: 0 })
        for (const node of nodes) expect(node.said.join('\n')).not.toMatch(/RT1503|ermission/)
      },
      WALK_MS,
    )

    test.each([
      ['job-manager', '"$JS.API.INFO"', /may not publish to "\$JS\.API\.INFO"/],
      [
        'job-manager',
        '"$JS.API.STREAM.CREATE.retake_prod_log",',
        /may not publish to ".*CREATE\.retake_prod_log"/,
      ],
      ['job-manager', ', "$KV.retake_prod.>"', /may not publish to "\$KV\.retake_prod\.~"/],
      [
        'job-manager',
        ', "$JS.API.STREAM.CREATE.KV_retake_prod"',
        /may not publish to ".*CREATE\.KV_retake_prod"/,
      ],
      [
        'job-manager',
        '"$JS.API.STREAM.MSG.GET.KV_retake_prod"',
        /may not publish to ".*GET\.KV_retake_prod"/,
      ],
      ['job-manager', '"rt.prod.d.*.~",', /may not publish to "rt\.prod\.d\.\w+\.~"/],
      ['task-manager', '"rt.prod.d.>", "$O', /may not publish to "rt\.prod\.d\.\w+\.~"/, '"$O'],
      ['task-manager', ', "_INBOX.prod.>"', /may not subscribe to "_INBOX\.prod\.[\w.]+\*"/],
    ] as const)(
      'when the %s lacks %s, then its node ends with RT1503',
      async (role, rule, message, instead: string = '') => {
        const users = usersOf()
        const at = users.indexOf(rule, users.indexOf(`user: ${role}`))
        expect(at).toBeGreaterThan(0)
        nats = await startWith(users.slice(0, at) + instead + users.slice(at + rule.length))
        const { code, stderr } = await retakeAs(role, ['node', '--role', role, '--name', 'n-1'])
        expect(stderr).toContain('RT1503')
        expect(stderr).toMatch(message)
        expect(code).toBe(4)
      },
    )

    test('when a task manager would pose as the job manager, then it is refused, and nobody hears of it', async () => {
      nats = await startWith(usersOf())
      const real = nodeOf('jm-1', 'job-manager')
      await real.start()
      await real.leave()
      const impostor = await retakeAs('task-manager', ['node', '--role', 'job-manager', '--name', 'jm-2'])
      expect(impostor).toMatchObject({ code: 4, stderr: expect.stringContaining('RT1503') })
      const { code, stderr } = await asClient('nodes')
      expect({ code, stderr }).toEqual({ code: 4, stderr: expect.stringContaining('RT1517') })
    })

    function nodeOf(name: string, role: 'job-manager' | 'task-manager'): NodeProcess {
      const args = [MAIN, 'node', '--role', role, '--name', name]
      const node = new NodeProcess({
        name,
        args: role === 'task-manager' ? [...args, '--slots', '1'] : args,
        env: envOf(role),
      })
      nodes.push(node)
      return node
    }

    function asClient(...args: string[]) {
      return retakeAs('client', args)
    }

    function retakeAs(user: string, args: readonly string[]) {
      return run(process.execPath, [MAIN, ...args], { cwd: PROJECT, env: { ...process.env, ...envOf(user) } })
    }

    function envOf(user: string): Record<string, string> {
      const password = USERS[`${user.toUpperCase().replace('-', '_')}_PASSWORD` as keyof typeof USERS]
      return {
        NO_COLOR: '1',
        RETAKE_NATS: nats?.url ?? '',
        RETAKE_CLUSTER: 'prod',
        RETAKE_NATS_USER: user,
        RETAKE_NATS_PASSWORD: password,
      }
    }

    /** The server takes the passwords from its environment, as the page has it. */
    async function startWith(config: string): Promise<NatsServer> {
      Object.assign(process.env, USERS)
      try {
        return await startNats({
          version,
          jetStream: true,
          config,
          user: 'client',
          password: USERS.CLIENT_PASSWORD,
        })
      } finally {
        for (const name of Object.keys(USERS)) delete process.env[name]
      }
    }
  })
}

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

function usersOf(): string {
  return blockOf(PAGE, 'NATS', 'nats')
}

function blockOf(page: Page, section: string, language: string): string {
  const [block] = codeBlocksOf(sectionOf(page, section)).filter((each) => each.language === language)
  return block?.text ?? ''
}

/** Every line that the page shows has come, whatever ids, numbers and units it had there. */
function expectShown(said: readonly string[], { shown }: Typed): void {
  const came = said.map(loose)
  for (const line of shown) expect(came).toContain(loose(line))
}
