import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { PROJECT } from '../support/project.js'
import { ServerProcess } from '../support/server-process.js'
import { until } from '../support/until.js'

/** A server with a child of its own, that does not end when it is asked to. */
const STUBBORN = `trap '' TERM; sleep 600 & echo $! > child; wait; wait`

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'when the test process ends by %s, then its server and its folder go with it',
  async (signal) => {
    const { process: owner, pid, folder } = await processWithServer()
    onTestFinished(() => void owner.kill('SIGKILL'))
    expect(isAlive(pid)).toBe(true)
    owner.kill(signal)
    await until(() => !isAlive(pid) && !existsSync(folder), { what: 'the guard to do its work' })
  },
)

test('when a server does not start, then the error holds what it said, and nothing is left', async () => {
  const server = shell('echo "no such topic"; exit 3')
  await expect(server.start(async () => false)).rejects.toThrow(/ended while it was starting:\nno such topic/)
  expect(server.pid).toBeUndefined()
  await server.destroy()
  expect(existsSync(server.folder)).toBe(false)
})

test('when a program is not there, then starting it says so', async () => {
  const server = new ServerProcess('none', () => ({ ...program('true'), program: '/no/such/program' }))
  await expect(server.start(async () => true)).rejects.toThrow(/ENOENT/)
  await server.destroy()
})

test('when a server ignores the request to stop, then it and its children are killed', async () => {
  const server = shell(STUBBORN)
  await server.start(async () => /\d\n/.test(readFileSync(join(server.folder, 'child'), 'utf8')))
  const child = Number(readFileSync(join(server.folder, 'child'), 'utf8'))
  const pid = server.pid ?? 0
  await server.stop(100)
  expect(isAlive(pid)).toBe(false)
  await until(() => !isAlive(child), { what: 'the child to end' })
  await server.destroy()
  expect(existsSync(server.folder)).toBe(false)
})

function shell(script: string): ServerProcess {
  return new ServerProcess('shell', () => program(script))
}

function program(script: string) {
  const signals = { stopSignal: 'SIGTERM', abortSignal: 'SIGKILL' } as const
  return { name: 'a shell', program: '/bin/sh', args: ['-c', script], ...signals }
}

async function processWithServer() {
  const module = pathToFileURL(join(PROJECT, 'dist', 'test', 'support', 'server-process.js')).href
  const script = `
    const { ServerProcess } = await import(${JSON.stringify(module)})
    const server = new ServerProcess('guarded', () => (${JSON.stringify(program(STUBBORN))}))
    await server.start(async () => true)
    console.log(JSON.stringify({ pid: server.pid, folder: server.folder }))
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const said = await new Promise<string>((resolve) =>
    owner.stdout.once('data', (chunk: Buffer) => resolve(String(chunk))),
  )
  return { process: owner, ...(JSON.parse(said) as { pid: number; folder: string }) }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
