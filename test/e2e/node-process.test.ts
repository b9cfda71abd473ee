import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, onTestFinished, test } from 'vitest'
import { PROJECT } from '../support/project.js'
import { until } from '../support/until.js'
import { NodeProcess } from './node-process.js'

/** Ready at once, drains on SIGTERM, and says every 10 ms how often it has said so. */
const OBEDIENT = `
  process.on('SIGTERM', () => { console.error('draining'); setTimeout(() => process.exit(0), 50) })
  let beats = 0
  setInterval(() => console.error('beat ' + ++beats), 10)
  console.error('✔ ready as ' + process.env.WHO + ', pid ' + process.pid)`

let node: NodeProcess | undefined
afterEach(() => node?.kill())

test('when a node is started, killed and started again, then it is ready each time and another process', async () => {
  const started = program(OBEDIENT, { WHO: 'tm-1' })
  expect(await started.start()).toBeGreaterThan(0)
  expect(started.said[0]).toMatch(/^✔ ready as tm-1, pid \d+$/)
  const { pid } = started
  await started.kill()
  expect(started.isRunning).toBe(false)
  await started.start()
  expect(started.pid).not.toBe(pid)
  expect(started.said.filter((line) => line.startsWith('✔ ready'))).toHaveLength(2)
  expect(started.unwantedEnds).toBe(0)
})

test('when a node is killed, then what it kept in the temporary directory is gone', async () => {
  const kept = program(`
    const folder = require('node:fs').mkdtempSync(require('node:os').tmpdir() + '/kept-')
    console.error('✔ ready with ' + folder); setInterval(() => {}, 1_000)`)
  await kept.start()
  const folder = kept.said[0]?.split(' with ')[1] ?? ''
  expect(existsSync(folder)).toBe(true)
  await kept.kill()
  expect(existsSync(folder)).toBe(false)
})

test('when a node is frozen, then it says nothing until it is thawed', async () => {
  const frozen = program(OBEDIENT)
  await frozen.start()
  await frozen.freeze()
  // A pause: what the pipe held when it stood still is read, and a node that still ran would go on.
  await new Promise((resolve) => setTimeout(resolve, 100))
  const last = frozen.said.at(-1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(frozen.said.at(-1)).toBe(last)
  frozen.thaw()
  await until(() => frozen.said.at(-1) !== last, { what: 'the next word' })
})

test('when a node is asked to leave, then it ends with 0, and what it said on the way is known', async () => {
  const leaving = program(OBEDIENT)
  await leaving.start()
  expect(await leaving.leave()).toContain('draining')
  expect(leaving.unwantedEnds).toBe(0)
})

test.each([
  ['leaves with another code', `process.on('SIGTERM', () => process.exit(3))`, /left with 3/],
  ['does not leave', `process.on('SIGTERM', () => {})`, /in vain until tm-1 ends after SIGTERM/],
])('when a node %s, then leaving is refused', async (_, script, reason) => {
  const stubborn = program(`${script}; setInterval(() => {}, 1_000); console.error('✔ ready')`)
  await stubborn.start()
  await expect(stubborn.leave(0.5)).rejects.toThrow(reason)
})

test('when a node ends by itself, then starting it fails with what it said, and the end is counted', async () => {
  const broken = program(`console.error('no such server'); process.exit(4)`)
  await expect(broken.start()).rejects.toThrow(
    /has ended before it says that it is ready\n.*\n.*no such server/,
  )
  expect(broken.unwantedEnds).toBe(1)
})

test('when the test process is killed, then its nodes go with it, frozen ones too', async () => {
  const module = pathToFileURL(join(PROJECT, 'dist', 'test', 'e2e', 'node-process.js')).href
  const owner = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `const { NodeProcess } = await import(${JSON.stringify(module)})
       const node = new NodeProcess({ name: 'tm-1', args: ['-e', ${JSON.stringify(OBEDIENT)}] })
       await node.start()
       await node.freeze()
       console.log(/pid (\\d+)/.exec(node.said[0])[1])
       setInterval(() => {}, 1_000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  onTestFinished(() => void owner.kill('SIGKILL'))
  const pid = Number(await new Promise((resolve) => owner.stdout.once('data', resolve)))
  expect(isAlive(pid)).toBe(true)
  owner.kill('SIGKILL')
  await until(() => !isAlive(pid), { what: 'the guard to do its work' })
})

function program(script: string, env: Record<string, string> = {}): NodeProcess {
  node = new NodeProcess({ name: 'tm-1', args: ['-e', script], env })
  return node
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
