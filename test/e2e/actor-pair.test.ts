import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { describeWith } from '../support/describe-with.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { until } from '../support/until.js'

const MAIN = fileURLToPath(new URL('../../dist/examples/actor-pair/main.js', import.meta.url))
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

await describeWith({ nats: 'oldest' }, 'the example of a supervised pair of actors in two processes', () => {
  test('when the peer process is killed, then its partner hears of it and is started again with a new one', async () => {
    const pair = startPair(await nats())
    const first = await pair.pong(3)
    process.kill(first, 'SIGKILL')
    await until(() => pair.said.includes(`the peer in process ${first} has ended: lost`), {
      what: 'the verdict',
    })
    const second = await pair.pong(2)
    expect(second).not.toBe(first)

    pair.process.kill('SIGTERM')
    await until(() => pair.process.exitCode !== null, { what: 'the end of the example' })
    expect(pair.process.exitCode).toBe(0)
    await until(() => isGone(second), { what: 'the end of the peer' })
  })

  test('when NATS is restarted, then the pair plays on with the same process', async () => {
    const server = await nats()
    const pair = startPair(server)
    const first = await pair.pong(1)
    await server.restart()
    const count = pair.pongs.length

    await until(() => pair.pongs.length > count + 2, { what: 'pongs after the restart' })
    expect(new Set(pair.pongs.map(({ pid }) => pid))).toEqual(new Set([first]))
  })

  test('when the first process is killed, then the second one ends by itself', async () => {
    const pair = startPair(await nats())
    const peer = await pair.pong(1)
    pair.process.kill('SIGKILL')

    await until(() => isGone(peer), { what: 'the end of the peer' })
  })

  test('when no NATS is there, then it ends with what to do', async () => {
    const pair = startPair({ url: 'nats://127.0.0.1:1' })
    await until(() => pair.process.exitCode !== null, { what: 'the end of the example' })

    expect(pair.process.exitCode).toBe(1)
    expect(pair.said.join('\n')).toMatch(/RT1501.*cannot be reached.*start nats-server/)
  })
})

async function nats(): Promise<NatsServer> {
  const server = await startNats()
  closing.push(() => server.stop())
  return server
}

interface Pair {
  readonly process: ChildProcess
  /** Line by line. */
  readonly said: readonly string[]
  readonly pongs: readonly { readonly number: number; readonly pid: number }[]
  /** Waits for the answer to the ping of this number that comes next; which process gave it? */
  pong(number: number): Promise<number>
}

function startPair({ url }: { readonly url: string }): Pair {
  const child = spawn(process.execPath, [MAIN, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  closing.push(() => child.kill('SIGKILL'))
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const pongs = () =>
    [...text.matchAll(/^pong (\d+) from process (\d+)$/gm)].map(([, number, pid]) => ({
      number: Number(number),
      pid: Number(pid),
    }))
  return {
    process: child,
    get said() {
      return text.split('\n')
    },
    get pongs() {
      return pongs()
    },
    async pong(number) {
      const before = pongs().length
      const found = await until(
        () =>
          pongs()
            .slice(before)
            .find((pong) => pong.number === number),
        {
          what: `pong ${number}`,
        },
      )
      return found.pid
    },
  }
}

/** A zombie is gone too: whoever should have buried it was killed. */
function isGone(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return true
  return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}
