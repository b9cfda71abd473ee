import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

/**
 * Real threads and real processes: what the conformance suite cannot see. The program prints what happened; that it
 * ends at all shows that a dead thread leaves nothing behind.
 */
const PROGRAM = `
import { MessageChannel, Worker } from 'node:worker_threads'
import { ActorSystem, MessagePortTransport, seededRandom, silentLogger, systemClock } from '#src/actor/index.js'

const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(process.env.WORKER_PROGRAM)), {
  workerData: { library: import.meta.resolve('#src/actor/index.js') },
})
const transport = new MessagePortTransport()
const system = new ActorSystem({ id: 'main', clock: systemClock, random: seededRandom(1), logger: silentLogger, transports: [transport] })
const { port1, port2 } = new MessageChannel()
worker.postMessage(port2, [port2])
transport.addPeer('worker', port1)
const far = { address: 'worker.far' }

const options = { timeoutMs: 10_000, repeatMs: 50 }
console.log('answer', await system.ask(far, { type: 'double', n: 21 }, options))

const frame = new Uint8Array(1000).fill(7)
console.log('thread', await system.ask(far, { type: 'thread' }, options))
system.spawn('frames', {
  start(ctx) {
    ctx.sendFrame(far.address, frame)
    ctx.watch(far, (reason) => ({ type: 'down', reason }))
  },
  receive: (message) => console.log(message.type, message.reason.kind),
})
console.log('frame', await new Promise((resolve) => setImmediate(resolve)), frame.byteLength)
console.log('sum', await system.ask(far, { type: 'sum' }, options))

const never = system.ask(far, { type: 'never' }, { timeoutMs: 60_000 }).catch((error) => error.failure.kind)
await system.ask(far, { type: 'thread' }, options)
await worker.terminate()
console.log('pending', await never)
console.log('reached', transport.reaches('worker'))
`

const WORKER_PROGRAM = `
import { parentPort, workerData, isMainThread } from 'node:worker_threads'
const { ActorSystem, MessagePortTransport, seededRandom, silentLogger, systemClock } = await import(workerData.library)
const transport = new MessagePortTransport({ keepsAlive: true })
const system = new ActorSystem({ id: 'worker', clock: systemClock, random: seededRandom(2), logger: silentLogger, transports: [transport] })
let sum = 0
system.spawn('far', {
  data: { deliver: (frame) => { for (const byte of frame) sum += byte }, isReady: () => false, turn() {} },
  receive(message, ctx) {
    if (message.type === 'double') ctx.reply(message.n * 2)
    if (message.type === 'thread') ctx.reply(isMainThread ? 'main' : 'worker')
    if (message.type === 'sum') ctx.reply(sum)
  },
})
parentPort.once('message', (port) => transport.addPeer('main', port))
`

const IDLE_PROGRAM = `
import { MessageChannel } from 'node:worker_threads'
import { ActorSystem, MessagePortTransport, seededRandom, silentLogger, systemClock } from '#src/actor/index.js'

const { port1, port2 } = new MessageChannel()
const systems = [['a', 'b', port1], ['b', 'a', port2]].map(([id, peer, port]) => {
  const transport = new MessagePortTransport()
  transport.addPeer(peer, port)
  return new ActorSystem({ id, clock: systemClock, random: seededRandom(1), logger: silentLogger, transports: [transport] })
})
systems[1].spawn('echo', { receive: (message, ctx) => ctx.reply(message.n) })
console.log(await systems[0].ask({ address: 'b.echo' }, { n: 7 }, { timeoutMs: 5_000 }))
`

const root = fileURLToPath(new URL('../../../', import.meta.url))

function run(program: string, env: Record<string, string> = {}): Promise<{ stdout: string }> {
  const options = { cwd: root, env: { ...process.env, ...env }, timeout: 15_000 }
  return promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], options)
}

test('when nothing is left to do but to listen on open ports, then the process ends', async () => {
  expect((await run(IDLE_PROGRAM)).stdout).toBe('7\n')
})

test('when actors live in two threads, then they talk over a port; when the thread dies, then it is heard', async () => {
  const { stdout } = await run(PROGRAM, { WORKER_PROGRAM })
  expect(stdout.trim().split('\n').sort()).toEqual([
    'answer 42',
    'down lost',
    'frame undefined 0', // given away
    'pending no-responder',
    'reached false',
    'sum 7000',
    'thread worker',
  ])
})
