import { Worker } from 'node:worker_threads'
import { connect } from 'nats'
import { afterEach, expect, test } from 'vitest'
import type { Address } from '#src/actor/actor.js'
import { NatsTransport, type NatsTransportOptions } from '#src/actor/transport/nats-transport.js'
import type { Parcel } from '#src/actor/transport/transport.js'
import type { SystemId } from '#src/kit/ids.js'
import { describeWith } from '../support/describe-with.js'
import { type NatsOptions, type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { until } from '../support/until.js'

/** What only NATS can do to parcels; what it shares with the other transports stands in the contract. */
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

for (const version of ['oldest', 'current'] satisfies NatsVersion[]) {
  await describeWith({ nats: version }, `parcels over the ${version} nats-server`, () => {
    test('when NATS is restarted in the middle, then nothing is reordered or repeated, and both sides are told', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      let next = 0
      const sendSome = (count: number) => {
        for (let i = 0; i < count; i++) {
          const number = next++
          a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: number })
          a.transport.send({ kind: 'frame', to: 'b.x' as Address, body: numbered(number) })
        }
      }
      const heard = () => ({
        tells: b.parcels.flatMap((parcel) => (parcel.kind === 'tell' ? [parcel.body as number] : [])),
        frames: b.parcels.flatMap((parcel) => (parcel.kind === 'frame' ? [numberOf(parcel.body)] : [])),
      })
      sendSome(100)
      await until(() => heard().tells.length === 100 && heard().frames.length === 100, {
        what: 'the first parcels',
      })
      const restarting = server.restart()
      while (a.links.at(-1) !== 'up' || b.links.at(-1) !== 'up') {
        sendSome(5)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      await restarting
      const last = next
      sendSome(100)
      await until(() => heard().tells.at(-1) === next - 1 && heard().frames.at(-1) === next - 1, {
        what: 'the last parcels',
      })

      const { tells, frames } = heard()
      for (const numbers of [tells, frames]) {
        expect(numbers).toEqual([...new Set(numbers)].sort((x, y) => x - y))
        expect(numbers.slice(-100)).toEqual(Array.from({ length: 100 }, (_, i) => last + i))
      }
      expect(a.links).toEqual(['down', 'up'])
      expect(b.links).toEqual(['down', 'up'])
      expect(a.undeliverable.map(({ why }) => why)).toContain('link-down')
      const reported = a.undeliverable.flatMap(({ parcel }) =>
        parcel.kind === 'tell' ? [parcel.body as number] : [],
      )
      expect(reported).toEqual([...reported].sort((x, y) => x - y))
      expect(reported.filter((number) => tells.includes(number))).toEqual([])
    })

    test('when nobody listens there, then each parcel is reported, and the rest arrive', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      const lost: Parcel[] = [
        { kind: 'ask', to: 'c.x' as Address, from: 'a.y' as Address, correlation: 1, body: 'q' },
        { kind: 'signal', to: 'c.x' as Address, from: 'a.y' as Address, body: 'ping' },
        { kind: 'frame', to: 'c.x' as Address, body: numbered(1) },
      ]
      for (const parcel of lost) {
        a.transport.send(parcel)
        a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: parcel.kind })
      }
      await until(() => a.undeliverable.length === 3 && b.parcels.length === 3, { what: 'three of each' })

      expect(new Set(a.undeliverable)).toEqual(
        new Set(lost.map((parcel) => ({ parcel, why: 'no-responder' }))),
      )
    })

    test('when a system has closed, then what is sent to it is reported', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      b.transport.send({ kind: 'tell', to: 'a.x' as Address, body: 'the last word' })
      await b.transport.close()
      a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: 1 })
      await until(() => a.undeliverable.length === 1, { what: 'the report' })

      expect(a.parcels).toEqual([{ kind: 'tell', to: 'a.x', body: 'the last word' }])
      expect(b.parcels).toEqual([])
    })

    test('when a receiver of frames is blocked, then neither control nor another channel waits for it', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      const blocked = await blockedReceiver(server)
      // More than the sockets between hold, and as much as sixteen channels may have under way.
      for (let i = 0; i < 512; i++)
        a.transport.send({ kind: 'frame', to: 'w.x' as Address, body: new Uint8Array(16 * 1024) })
      const waits: number[] = []
      for (let i = 0; i < 20; i++) {
        const start = performance.now()
        a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: i })
        a.transport.send({ kind: 'frame', to: 'b.x' as Address, body: numbered(i) })
        await until(() => b.parcels.length === 2 * (i + 1), { what: 'both lanes', everyMs: 1 })
        waits.push(performance.now() - start)
      }
      expect(Atomics.load(blocked, 0)).toBe(1)
      expect(Math.max(...waits)).toBeLessThan(100)
      Atomics.store(blocked, 0, 0)
    })

    test('when a blocked receiver has been sent more than the server keeps for it, then control does not wait', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      const blocked = await blockedReceiver(server)
      // From half of its 64 MB on (three quarters on newer servers) the server stalls whoever sends to that receiver.
      for (let i = 0; i < 52; i++) {
        for (let j = 0; j < 64; j++)
          a.transport.send({ kind: 'frame', to: 'w.x' as Address, body: new Uint8Array(16 * 1024) })
        await new Promise((resolve) => setImmediate(resolve))
      }
      const waits: number[] = []
      for (let i = 0; i < 20; i++) {
        const start = performance.now()
        a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: i })
        await until(() => b.parcels.length === i + 1, { what: 'the parcel', everyMs: 1 })
        waits.push(performance.now() - start)
      }
      expect(Atomics.load(blocked, 0)).toBe(1)
      expect(Math.max(...waits)).toBeLessThan(100)
    })

    test('when a frame arrives, then its bytes are its own', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      for (let i = 0; i < 10; i++)
        a.transport.send({ kind: 'frame', to: 'b.x' as Address, body: numbered(i) })
      await until(() => b.parcels.length === 10, { what: 'ten frames' })

      for (const { body } of b.parcels) expect((body as Uint8Array).buffer.byteLength).toBe(8)
    })

    test('when a parcel is larger than a message may be, then sending throws and names it', async () => {
      const { transport } = await peer(await nats(version), 'a')
      const large = new Uint8Array(1024 * 1024)

      expect(() => transport.send({ kind: 'frame', to: 'b.x' as Address, body: large })).toThrow(
        /RT1507.*frame to b\.x has 1048576/,
      )
      expect(() => transport.send({ kind: 'tell', to: 'b.x' as Address, body: { large } })).toThrow(
        /RT1507.*tell to b\.x/,
      )
    })

    test('when somebody else publishes on our subjects, then that is counted and changes nothing', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      const stranger = await connect({ servers: server.url })
      closing.push(() => stranger.close())
      stranger.publish('rt.c1.c.b.x', 'hello')
      stranger.publish('rt.c1.c.b.x')
      await stranger.flush()
      a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: 1 })
      await until(() => b.parcels.length === 1, { what: 'the parcel' })

      expect(b.transport.malformed).toBe(2)
    })

    test('when an operator watches every subject, then systems start and talk as ever', async () => {
      const server = await nats(version)
      const watcher = await connect({ servers: server.url })
      closing.push(() => watcher.close())
      watcher.subscribe('>', { callback: () => {} })
      await watcher.flush()
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b')]
      a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: 1 })

      await until(() => b.parcels.length === 1, { what: 'the parcel' })
    })

    test('when the user may not listen to a name, then each try to take it says so', async () => {
      const users = `authorization { users: [ { user: "crew", password: "x", permissions: { subscribe: { deny: "rt.*.c.leader.>" } } } ] }`
      const login = { user: 'crew', password: 'x' }
      const server = await nats(version, { config: users, ...login })
      const { transport } = await peer(server, 'a', login)
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(transport.takeName('leader' as SystemId)).rejects.toMatchObject({ code: 'RT1503' })
    })

    test('when no frames are to be carried, then there is no lane for them, and no permission is needed', async () => {
      const users =
        'authorization { users: [ { user: "crew", password: "x", permissions: { publish: { deny: "rt.*.d.>" }, subscribe: { deny: "rt.*.d.>" } } } ] }'
      const login = { user: 'crew', password: 'x' }
      const server = await nats(version, { config: users, ...login })
      const [a, b] = [
        await peer(server, 'jm_a', { ...login, carriesFrames: false }),
        await peer(server, 'tm_b', { ...login, carriesFrames: false }),
      ]
      a.transport.send({ kind: 'tell', to: 'tm_b.x' as Address, body: 1 })
      await until(() => b.parcels.length === 1, { what: 'the parcel' })
      expect(b.parcels).toMatchObject([{ to: 'tm_b.x' }])
      const frame = { kind: 'frame', to: 'tm_b.x' as Address, body: new Uint8Array(1) } as const
      expect(() => a.transport.send(frame)).toThrow(/a transport that carries frames/)
    })

    test('when two clusters share a server, then they do not hear each other', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b', { cluster: 'c2' })]
      a.transport.send({ kind: 'tell', to: 'b.x' as Address, body: 1 })
      await until(() => a.undeliverable.length === 1, { what: 'the report' })

      expect(b.parcels).toEqual([])
    })

    test('when a system sends to itself, then only a transport that carries its own reaches it', async () => {
      const server = await nats(version)
      const [a, b] = [await peer(server, 'a'), await peer(server, 'b', { carriesOwn: true })]
      b.transport.send({ kind: 'tell', to: 'b.x' as Address, body: 1 })
      await until(() => b.parcels.length === 1, { what: 'the parcel' })

      expect(a.transport.reaches('a' as SystemId)).toBe(false)
      expect(a.transport.reaches('b' as SystemId)).toBe(true)
      expect(b.transport.reaches('b' as SystemId)).toBe(true)
    })
  })
}

async function nats(version: NatsVersion, options: NatsOptions = {}): Promise<NatsServer> {
  const server = await startNats({ ...options, version })
  closing.push(() => server.stop())
  return server
}

async function peer(server: NatsServer, system: string, options: Partial<NatsTransportOptions> = {}) {
  const parcels: Parcel[] = []
  const undeliverable: { parcel: Parcel; why: string }[] = []
  const links: string[] = []
  const transport = new NatsTransport({ servers: [server.url], cluster: 'c1', onFatal: () => {}, ...options })
  closing.push(() => transport.close())
  await transport.open(system as SystemId, {
    onParcel: (parcel) => parcels.push(parcel),
    onUndeliverable: (parcel, why) => undeliverable.push({ parcel, why }),
    onLink: (state) => links.push(state),
  })
  return { transport, parcels, undeliverable, links }
}

/** The system `w` in a thread that is stuck, from the moment this resolves, until the number is no longer 1. */
async function blockedReceiver(server: NatsServer): Promise<Int32Array> {
  const stuck = new Int32Array(new SharedArrayBuffer(4))
  const code = `
    import { workerData, parentPort } from 'node:worker_threads'
    const { NatsTransport } = await import(workerData.module)
    const transport = new NatsTransport({ servers: [workerData.url], cluster: 'c1', onFatal() {} })
    await transport.open('w', { onParcel() {}, onUndeliverable() {}, onLink() {} })
    Atomics.store(workerData.stuck, 0, 1)
    parentPort.postMessage('stuck')
    setImmediate(() => Atomics.wait(workerData.stuck, 0, 1, 15_000))
  `
  const module = new URL('../../dist/src/actor/transport/nats-transport.js', import.meta.url).href
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: { url: server.url, module, stuck },
  })
  closing.push(() => {
    Atomics.store(stuck, 0, 0)
    Atomics.notify(stuck, 0)
    return worker.terminate()
  })
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve())
    worker.once('error', reject)
  })
  return stuck
}

function numbered(number: number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, number)
  return bytes
}

function numberOf(body: unknown): number {
  const bytes = body as Uint8Array
  return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0)
}
