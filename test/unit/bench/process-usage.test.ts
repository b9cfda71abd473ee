import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { afterEach, describe, expect, test } from 'vitest'
import { ProcessUsage, TELLS_PROCESSES } from '../../../bench/suite/process-usage.js'

type Child = ChildProcessByStdio<Writable, Readable, null>

/** Burns processor time and holds memory, and says when it has. */
const BURN = `
  const held = Buffer.alloc(64 * 1024 * 1024, 1)
  const until = process.cpuUsage().user + 300_000
  while (process.cpuUsage().user < until);
  console.log('burnt', held.length)
  process.stdin.resume()`
const BURN_IN_A_CHILD = `
  const { spawn } = require('node:child_process')
  spawn(process.execPath, ['-e', ${JSON.stringify(BURN)}], { stdio: 'inherit' })`
const BURN_IN_A_CHILD_THAT_ENDS = `
  const { spawnSync } = require('node:child_process')
  spawnSync(process.execPath, ['-e', ${JSON.stringify(BURN.replace('process.stdin.resume()', ''))}])
  console.log('burnt')
  process.stdin.resume()`

/** Threads that end as soon as they have begun, one after the other, until standard input ends. */
const THREADS = `
  const { Worker } = require('node:worker_threads')
  process.stdin.resume().on('end', () => process.exit())
  const begin = () => new Worker('', { eval: true }).on('exit', begin)
  for (let i = 0; i < 4; i++) begin()
  console.log('begun')`

const children: Child[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.stdin.end()
})

describe.runIf(TELLS_PROCESSES)('where the system tells', () => {
  test.each([
    ['it works itself', BURN],
    ['a child of it works', BURN_IN_A_CHILD],
    ['a child of it has worked and ended', BURN_IN_A_CHILD_THAT_ENDS],
  ])('when %s, then its processor time is known', async (_, program) => {
    const child = burning(program)
    const usage = new ProcessUsage([child.pid!])
    await once(child.stdout, 'data')
    const { cpuSeconds } = usage.stop()

    expect(cpuSeconds).toBeGreaterThanOrEqual(0.28)
    expect(cpuSeconds).toBeLessThan(3)
  })

  test('when it holds memory, then its peak is known, and several are summed', async () => {
    const two = [burning(BURN), burning(BURN)]
    await Promise.all(two.map((child) => once(child.stdout, 'data')))
    const one = new ProcessUsage([two[0]!.pid!]).stop().rssBytes!
    const both = new ProcessUsage(two.map(({ pid }) => pid!)).stop().rssBytes!

    expect(one).toBeGreaterThan(64 * 1_024 * 1_024)
    expect(both).toBeGreaterThan(one + 64 * 1_024 * 1_024)
  })

  test('when its threads come and go while it is asked, then it is known all the same', async () => {
    const child = burning(THREADS)
    await once(child.stdout, 'data')

    for (let i = 0; i < 300; i++) {
      const { rssBytes } = new ProcessUsage([child.pid!]).stop()
      expect(rssBytes).toBeGreaterThan(0)
    }
  })

  test('when nothing happens, then nothing is used', async () => {
    const child = burning(BURN)
    await once(child.stdout, 'data')

    expect(new ProcessUsage([child.pid!]).stop().cpuSeconds).toBeLessThan(0.05)
  })

  test('when it has ended meanwhile, then that is an error with its pid', async () => {
    const child = burning('process.stdin.resume()')
    const usage = new ProcessUsage([child.pid!])
    child.stdin.end()
    await once(child, 'exit')

    expect(() => usage.stop()).toThrow(`process ${child.pid} has ended`)
  })
})

/** Ends when its standard input does. */
function burning(program: string): Child {
  const child = spawn(process.execPath, ['-e', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  return child
}
