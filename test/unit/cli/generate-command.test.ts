import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { runCommandLine } from '#src/cli/command-line.js'
import { COMMANDS } from '#src/cli/commands.js'
import { NATS_ROLES, natsPermissions } from '#src/cli/nats-permissions.js'
import { recordingTerminal } from './recording-terminal.js'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-generate-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function generated(...args: string[]) {
  const { terminal, data, talk } = recordingTerminal()
  const code = await runCommandLine(['generate', ...args], COMMANDS, terminal, {})
  return { code, conf: data(), said: talk() }
}

test('when nothing is said, then each role has a user, whose password is a variable', async () => {
  const { code, conf } = await generated('nats-conf', '--cluster', 'my-prod')
  expect(code).toBe(0)
  expect(conf.match(/user: .*/g)).toEqual([
    'user: my-prod-job-manager, password: $RETAKE_MY_PROD_JOB_MANAGER_PASSWORD',
    'user: my-prod-task-manager, password: $RETAKE_MY_PROD_TASK_MANAGER_PASSWORD',
    'user: my-prod-client, password: $RETAKE_MY_PROD_CLIENT_PASSWORD',
    'user: my-prod-observer, password: $RETAKE_MY_PROD_OBSERVER_PASSWORD',
  ])
  expect(conf).toContain('retake_my-prod {')
})

test('when keys are asked for, then the configuration has public ones, and each seed a file for its owner', async () => {
  const keys = join(folder, 'keys')
  const { code, conf, said } = await generated('nats-conf', '--cluster', 'prod', '--nkeys', keys)
  expect(code).toBe(0)
  expect(readdirSync(keys)).toEqual(
    ['client', 'job-manager', 'observer', 'task-manager'].map((role) => `prod-${role}.nk`),
  )
  for (const file of readdirSync(keys)) {
    expect(statSync(join(keys, file)).mode & 0o077).toBe(0)
    const seed = readFileSync(join(keys, file), 'utf8').trim()
    expect(seed).toMatch(/^SU[A-Z2-7]{56}$/)
    expect(conf + said).not.toContain(seed)
  }
  expect(conf.match(/nkey: U[A-Z2-7]{55}$/gm)).toHaveLength(4)
  expect(conf).not.toContain('password')
})

test('when a seed is there already, then it stays, and the error says so', async () => {
  const file = join(folder, 'prod-job-manager.nk')
  writeFileSync(file, 'precious')
  const { code, conf, said } = await generated('nats-conf', '--cluster', 'prod', '--nkeys', folder)
  expect({ code, conf }).toEqual({ code: 2, conf: '' })
  expect(said).toMatch(/--nkeys cannot be written: EEXIST/)
  expect(readFileSync(file, 'utf8')).toBe('precious')
})

test.each([
  [['nats-config'], /there is no "nats-config" to generate/],
  [['nats-conf', '--users', 'job-manager,clint'], /--users names "clint"[\s\S]*did you mean "client"/],
  [['nats-conf', '--cluster', 'a.b'], /--cluster is "a\.b"/],
])('when %j is asked for, then it is a usage error that helps', async (args, text) => {
  const { code, said } = await generated(...args)
  expect(code).toBe(2)
  expect(said).toMatch(text)
})

test('when some users are named, then there are those alone', async () => {
  const { conf } = await generated('nats-conf', '--cluster', 'prod', '--users', 'all, observer')
  expect(conf.match(/user: [\w-]+/g)).toEqual(['user: prod-observer', 'user: prod-all'])
})

test('when a node has both roles, then its user may what the users of either may', () => {
  const [both, director, worker] = (['all', 'job-manager', 'task-manager'] as const).map((role) =>
    natsPermissions(role, 'prod'),
  )
  const heard = [...(director?.subscribe.allow ?? []), ...(worker?.subscribe.allow ?? [])]
  expect(both?.subscribe.allow).toEqual(heard)
  const isAllowed = (subject: string) =>
    both?.publish.allow.some(
      (one) => one === subject || (one.endsWith('>') && subject.startsWith(one.slice(0, -1))),
    )
  const said = [...(director?.publish.allow ?? []), ...(worker?.publish.allow ?? [])]
  expect(said.filter((subject) => !isAllowed(subject))).toEqual([])
})

test('when two clusters share a server, then no user of one may anything in the other', () => {
  for (const role of NATS_ROLES) {
    const { publish, subscribe } = natsPermissions(role, 'prod')
    for (const subject of [...publish.allow, ...subscribe.allow])
      if (subject !== '$JS.API.INFO')
        expect(subject).toMatch(/\.(prod|retake_prod|OBJ_retake_prod|KV_retake_prod|retake_prod_log)(\.|$)/)
  }
})
