import { type ChildProcess, spawn } from 'node:child_process'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run } from '../support/command.js'
import type { Host } from '../support/host.js'
import { TestNetwork } from '../support/test-network.js'
import { until } from '../support/until.js'

const whyNot = await TestNetwork.whyNot()
const PORT = 4_000
/** Sends back what it is sent; and asks its peer every 20 ms, saying each answer. */
const ECHO = `require('node:net').createServer((socket) => socket.pipe(socket)).listen(${PORT})`
const ASK = `
const socket = require('node:net').connect(${PORT}, process.argv[1])
socket.on('data', () => console.log('answer'))
setInterval(() => socket.write('?'), 20)`

describe.skipIf(whyNot !== undefined)(
  `a network of the tests${whyNot === undefined ? '' : ` [${whyNot}]`}`,
  () => {
    let network: TestNetwork
    const children: ChildProcess[] = []
    beforeAll(async () => {
      network = await TestNetwork.create(['one', 'two'])
      start(network.host('one'), [ECHO])
      await until(() => roundTripMs(network.host('one')), { what: 'one to answer' })
    })
    afterAll(() => {
      for (const child of children) child.kill('SIGKILL')
      network?.remove()
    })

    test('when two are cut off from one another, then they fall silent, and only for each other', async () => {
      let answers = 0
      const asker = start(network.host('two'), [ASK, network.host('one').address])
      asker.stdout?.on('data', () => answers++)
      await until(() => answers > 0, { what: 'an answer' })

      await network.cut('two', ['one'])
      await pause(100) // what is on its way
      const before = answers
      await pause(500)
      expect(answers).toBe(before)
      expect(await roundTripMs(network.host('one'))).toBeLessThan(500)

      await network.mend('two', ['one'])
      await until(() => answers > before, { what: 'an answer over the same connection' })
      expect(asker.exitCode).toBeNull()
    })

    test('when a program is started on a host, then the process is the program', async () => {
      const child = start(network.host('two'), ['setInterval(() => {}, 1000)'])
      child.kill('SIGKILL')
      await until(() => child.signalCode === 'SIGKILL', { what: 'its end' })
    })

    test('when a host is slow, then what it sends is late until it is not', async (context) => {
      if (network.whyNotSlow !== undefined) return context.skip(network.whyNotSlow)
      await network.slow('one')
      expect(await manyMs(network.host('one'))).toBeGreaterThan(100)
      await network.hasten('one')
      expect(await manyMs(network.host('one'))).toBeLessThan(100)
    })

    test('when it is removed, then nothing of it is left', async () => {
      const other = await run('ip', ['netns', 'list'])
      expect(other.stdout).toContain(`rtk${process.pid}-one`)
      network.remove()
      expect((await run('ip', ['netns', 'list'])).stdout).not.toContain(`rtk${process.pid}-`)
      expect((await run('ip', ['-o', 'link'])).stdout).not.toContain(`rtk${process.pid}`)
    })

    function start(host: Host, [script = '', ...args]: readonly string[]): ChildProcess {
      const launch = host.launch({ program: process.execPath, args: ['-e', script, ...args] })
      const child = spawn(launch.program, launch.args, { stdio: ['ignore', 'pipe', 'inherit'] })
      children.push(child)
      return child
    }
  },
)

async function roundTripMs(host: Host): Promise<number> {
  return exchange(host, (socket) => socket.write('?'))
}

/** More small packets than a narrow link takes at once. */
async function manyMs(host: Host): Promise<number> {
  let left = 100
  return exchange(
    host,
    (socket) => {
      socket.on('data', () => {
        if (left-- > 0) socket.write('?')
      })
      socket.write('?')
    },
    () => left <= 0,
  )
}

function exchange(
  host: Host,
  begin: (socket: Socket) => void,
  isOver: () => boolean = () => true,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: host.address, port: PORT, noDelay: true })
    let from = 0
    socket.on('connect', () => {
      from = performance.now()
      begin(socket)
    })
    socket.on('data', () => {
      if (!isOver()) return
      socket.destroy()
      resolve(performance.now() - from)
    })
    socket.on('error', reject)
  })
}
