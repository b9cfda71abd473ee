import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { COMMANDS } from '#src/cli/commands.js'
import { doctor } from '#src/cli/doctor-command.js'
import { thisMachine } from '#src/cli/doctor-machine.js'
import { parseInvocation } from '#src/cli/invocation.js'
import { systemClock } from '#src/kit/clock.js'
import { systemRandom } from '#src/kit/random.js'
import { freePort } from '../../support/free-port.js'
import { FakeCluster } from './fake-cluster.js'
import { recordingTerminal } from './recording-terminal.js'

const folder = mkdtempSync(join(tmpdir(), 'retake-doctor-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** The checks of an examination where no nats-server is. */
async function checksOf(...options: string[]): Promise<readonly string[]> {
  const command = COMMANDS.find(({ name }) => name === 'doctor')
  if (command === undefined) throw new Error('there is no doctor')
  const nats = `nats://127.0.0.1:${await freePort()}`
  const { terminal, data } = recordingTerminal()
  await doctor(parseInvocation(command, ['--nats', nats, '-o', 'json', ...options]), terminal, {
    clock: systemClock,
    random: systemRandom,
    connect: async () => new FakeCluster(),
    exitNow: () => {},
    machine: thisMachine(),
  })
  const { checks } = JSON.parse(data()) as { checks: readonly { check: string }[] }
  return checks.map(({ check }) => check)
}

test('when nothing is said, then JetStream is examined, and no name', async () => {
  const checks = await checksOf()
  expect(checks).toContain('jetstream')
  expect(checks).not.toContain('name')
  expect(checks).not.toContain('state-directory')
})

test('when a name is asked for, then whether it would be taken in is examined, too', async () => {
  expect(await checksOf('--name', 'a')).toContain('name')
})

test('when a directory is named, then that is examined instead of JetStream', async () => {
  const checks = await checksOf('--state', folder)
  expect(checks).not.toContain('jetstream')
  expect(checks).toContain('state-directory')
})

test('when the node is to be a task manager, then what a job manager alone needs is not examined', async () => {
  const all = await checksOf()
  const without = await checksOf('--role', 'task-manager')
  expect(without.length).toBeLessThan(all.length)
  expect(all).toEqual(expect.arrayContaining([...without]))
})
