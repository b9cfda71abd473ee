import { type AddressInfo, connect as connectTo, createServer, type Socket } from 'node:net'
import { connect, type KV, type NatsConnection } from 'nats'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { JetStreamConnection, type JetStreamConnectionOptions } from '#src/checkpoint/jetstream-connection.js'
import { JetStreamDocuments } from '#src/cluster/jetstream-documents.js'
import { JetStreamJobLog } from '#src/cluster/jetstream-job-log.js'
import type { JetStreamStateStore } from '#src/cluster/jetstream-state-store.js'
import { JobHistory } from '#src/cluster/job-history.js'
import type { LogEntry } from '#src/cluster/log-entry.js'
import { tryStateStore } from '#src/cluster/open-state-store.js'
import { systemClock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import type { BlobName } from '#src/state/snapshot.js'
import { describeWith } from '../support/describe-with.js'
import { openJetStream, type StoreOverrides } from '../support/jetstream-store.js'
import { type NatsOptions, type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { type Direction, TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { entriesOf, on, STARTED } from '../unit/cluster/fixtures.js'
import { BYTES, blobStoreContract, nameOf } from './blob-store.js'
import { documentsContract } from './documents.js'
import { jobLogContract, rival } from './job-log.js'
import { holderOf, leaseStoreContract, written } from './lease-store.js'
import { stateStoreContract } from './state-store.js'

const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const RUN = 'run1' as RunId
let clusters = 0

for (const version of ['oldest', 'current'] satisfies NatsVersion[]) {
  await describeWith({ nats: version }, `the state store on JetStream of the ${version} nats-server`, () => {
    describe('on a server that runs', () => {
      let server: NatsServer

      beforeAll(async () => {
        server = await startNats({ version, jetStream: true })
      })
      afterAll(() => server.stop())

      async function twoNodes() {
        const cluster = `c${++clusters}`
        const [one, other] = await Promise.all([opened(server, cluster), opened(server, cluster)])
        return { one, other, cluster }
      }

      stateStoreContract('as a whole', twoNodes)

      jobLogContract('its job log', async () => {
        const { one, other } = await twoNodes()
        return { one: one.log(RUN), other: other.log(RUN) }
      })

      blobStoreContract('its blobs', async () => {
        const { one, other } = await twoNodes()
        return { one: one.blobs, other: other.blobs }
      })

      documentsContract('its documents', async () => {
        const { one, other } = await twoNodes()
        return { one: one.documents, other: other.documents }
      })

      leaseStoreContract('its lease', async () => {
        const { one, other } = await twoNodes()
        return { one: one.lease, other: other.lease }
      })

      test('when a store is opened, then its lease has no bucket until somebody asks for it', async () => {
        const { one, cluster } = await twoNodes()
        const manager = await (await bare(server)).jetstreamManager()
        const stream = `KV_retake_${cluster}`
        await expect(manager.streams.info(stream)).rejects.toThrow('stream not found')
        expect(await one.lease.read()).toBeUndefined()
        expect((await manager.streams.info(stream)).config).toMatchObject({
          subjects: [`$KV.retake_${cluster}.>`],
          max_msgs_per_subject: 1,
          max_age: 0,
          storage: 'file',
          retention: 'limits',
          discard: 'new',
          allow_rollup_hdrs: true,
          deny_delete: true,
          allow_direct: true,
        })
      })

      test('when another client of key-value buckets reads and writes the lease, then it is one', async () => {
        const { one, cluster } = await twoNodes()
        const first = await written(one.lease, holderOf('jm-1'), 0)
        const kv = await (await bare(server)).jetstream().views.kv(`retake_${cluster}`, { bindOnly: true })
        const entry = await kv.get('leader')
        expect(entry?.json()).toEqual(holderOf('jm-1'))
        expect(entry?.revision).toBe(first)
        const second = await kv.update('leader', JSON.stringify(holderOf('jm-2')), first)
        expect(await one.lease.read()).toEqual({ revision: second, holder: holderOf('jm-2') })
        expect(await one.lease.write(holderOf('jm-1'), first)).toBe('taken')
        const keptOnly = (await (await bare(server)).jetstreamManager()).streams.info(`KV_retake_${cluster}`)
        expect((await keptOnly).state.messages).toBe(1)
      })

      test.each([
        ['deleted', (kv: KV) => kv.delete('leader')],
        ['purged', (kv: KV) => kv.purge('leader')],
        ['overwritten', (kv: KV) => kv.put('leader', 'me')],
        ['emptied', (kv: KV) => kv.put('leader', 'null')],
      ] as const)(
        'when an operator has %s the lease, then nobody waits for who held it, and the next one takes it',
        async (_what, spoil) => {
          const { one, other, cluster } = await twoNodes()
          const held = await written(one.lease, holderOf('jm-1'), 0)
          await spoil(
            await (await bare(server)).jetstream().views.kv(`retake_${cluster}`, { bindOnly: true }),
          )
          const left = await other.lease.read()
          expect(left?.holder.isReleased).toBe(true)
          expect(await one.lease.write(holderOf('jm-1'), held)).toBe('taken')
          await written(other.lease, holderOf('jm-2'), left?.revision ?? 0)
          expect((await one.lease.read())?.holder).toEqual(holderOf('jm-2'))
        },
      )

      test('when the bucket of the lease was deleted, then it is made again', async () => {
        const { one, other, cluster } = await twoNodes()
        const held = await written(one.lease, holderOf('jm-1'), 0)
        await (await (await bare(server)).jetstreamManager()).streams.delete(`KV_retake_${cluster}`)
        await expect(one.lease.read()).rejects.toMatchObject({ code: 'RT1302' })
        expect(await one.lease.read()).toBeUndefined()
        expect(await one.lease.write(holderOf('jm-1'), held)).toBe('taken')
        await written(other.lease, holderOf('jm-2'), 0)
      })

      test('when many nodes use the lease for the first time at once, then one has it', async () => {
        const cluster = `c${++clusters}`
        const stores = await Promise.all(Array.from({ length: 8 }, () => opened(server, cluster)))
        const answers = await Promise.all(
          stores.map(({ lease }, index) => lease.write(holderOf(`jm-${index}`), 0)),
        )
        expect(answers.filter((answer) => answer !== 'taken')).toHaveLength(1)
      })

      test("when a bucket of that name is another, then the error says what differs, and what is its operator's stays", async () => {
        const manager = await (await bare(server)).jetstreamManager()
        const { one, cluster } = await twoNodes()
        const config = { name: `KV_retake_${cluster}`, subjects: [`$KV.retake_${cluster}.>`] }
        await manager.streams.add({ ...config, max_age: 60e9, duplicate_window: 60e9 })
        await expect(one.lease.read()).rejects.toThrow(
          expect.objectContaining({ code: 'RT1524', why: 'max_age is 60000000000 and must be 0' }),
        )
        await manager.streams.update(config.name, { ...config, max_age: 0, max_msgs_per_subject: 5 })
        await written(one.lease, holderOf('jm-1'), 0)
      })

      test('when many nodes open it at once, then all do, and what stands is the same for all', async () => {
        const cluster = `c${++clusters}`
        const stores = await Promise.all(Array.from({ length: 8 }, () => opened(server, cluster)))
        const [entry] = entriesOf(on.submitted())
        const answers = await Promise.all(stores.map((store) => store.log(RUN).append(must(entry))))
        expect(answers).toEqual(Array.from({ length: 8 }, () => 'written'))
        for (const store of stores) expect(await store.log(RUN).read()).toHaveLength(1)
      })

      test('when all that a cluster keeps is removed, then its server has none of it, and others keep theirs', async () => {
        const { one: mine } = await twoNodes()
        const { one: theirs, cluster } = await twoNodes()
        for (const store of [mine, theirs]) {
          await store.documents.put('runs/run1/run.json', new Uint8Array(1))
          await store.log(RUN).append(must(entriesOf(on.submitted())[0]))
          await store.lease.write(holderOf('jm-1'), 0)
        }
        await mine.remove()
        await mine.remove()
        const again = await opened(server, `c${clusters - 1}`)
        expect(await again.runs()).toEqual([])
        expect(await again.documents.list('runs')).toEqual([])
        expect(await again.lease.read()).toBeUndefined()
        expect(await (await opened(server, cluster)).runs()).toEqual([RUN])
      })

      test('when two hands race for every place, then each time one has it, and the log is one chain', async () => {
        const { one, other } = await twoNodes()
        await one.log(RUN).append(must(entriesOf(on.submitted())[0]))
        for (let round = 0; round < 50; round++) {
          const history = JobHistory.of(await one.log(RUN).read())
          const rivals = [rival(history, `a${round}`), rival(history, `b${round}`)] as const
          const answers = await Promise.all([
            one.log(RUN).append(rivals[0]),
            other.log(RUN).append(rivals[1]),
          ])
          expect([...answers].sort()).toEqual(['taken', 'written'])
          const winner = rivals[answers.indexOf('written')]
          expect((await other.log(RUN).read()).at(-1)?.nonce).toBe(winner?.nonce)
        }
        const kept = await one.log(RUN).read()
        expect(kept).toHaveLength(LIMITS.logEntriesKept)
        expect(JobHistory.of(kept).place).toBe(51)
      })

      test('when runs write many entries, then none pushes out those of another', async () => {
        const { one } = await twoNodes()
        const quiet = one.log('quiet' as RunId)
        for (const entry of entriesOf(...STARTED)) await quiet.append(entry)
        const many = [...STARTED, ...Array.from({ length: 30 }, (_, id) => on.completed(1, 1, id + 1))]
        for (const entry of entriesOf(...many)) await one.log('busy' as RunId).append(entry)
        expect((await quiet.read()).map(({ nonce }) => nonce)).toEqual(
          entriesOf(...STARTED).map(({ nonce }) => nonce),
        )
      })

      test('when the log was set back behind what was written, then that is said, and nothing is written', async () => {
        const { one, cluster } = await twoNodes()
        const entries = entriesOf(...STARTED)
        for (const entry of entries.slice(0, -1)) await one.log(RUN).append(entry)
        await (await (await bare(server)).jetstreamManager()).streams.purge(`retake_${cluster}_log`)
        for (const entry of entries.slice(0, 3)) await one.log(RUN).append(entry)
        await expect(one.log(RUN).append(must(entries.at(-1)))).rejects.toThrow(
          /RT1308 .* ends at entry 3, though entry 4 was there/,
        )
        expect(await one.log(RUN).read()).toHaveLength(3)
      })

      test('when a message of the log is no entry, then the error says where', async () => {
        const { one, cluster } = await twoNodes()
        const raw = await bare(server)
        const expected = { expect: { streamName: `retake_${cluster}_log` } }
        await raw.jetstream().publish(`rt.${cluster}.log.run1`, '{"place":', expected)
        await expect(one.log(RUN).read()).rejects.toThrow(
          expect.objectContaining({
            code: 'RT1306',
            where: `retake_${cluster}_log/rt.${cluster}.log.run1`,
            why: expect.stringContaining('not JSON'),
          }),
        )
      })

      test('when answers of JetStream are sent to the subject of a log, then they are passed over, and the log goes on', async () => {
        const { one, other, cluster } = await twoNodes()
        const raw = await bare(server)
        const manager = await raw.jetstreamManager()
        const [log, chunk] = [`rt.${cluster}.log.run1`, `$O.retake_${cluster}.C.x`]
        const forged = JSON.stringify({ ...entriesOf(...STARTED)[0], nonce: 'forged' })
        const stored = async () => (await manager.streams.info(`retake_${cluster}_log`)).state.last_seq
        const asks = [
          () => raw.publish(chunk, forged, { reply: log }),
          () =>
            raw.publish(`$JS.API.DIRECT.GET.OBJ_retake_${cluster}`, `{"last_by_subj":"${chunk}"}`, {
              reply: log,
            }),
          () => raw.publish('$JS.API.INFO', '', { reply: log }),
        ]
        const entries = entriesOf(...STARTED)
        for (const [index, entry] of entries.entries()) {
          const before = await stored()
          asks[index % asks.length]?.()
          await until(async () => (await stored()) > before, { what: 'the answer to be stored' })
          expect(await one.log(RUN).append(entry)).toBe('written')
        }
        // Of every two messages one is an entry.
        const kept = entries.slice(-LIMITS.logEntriesKept / 2)
        expect(await other.log(RUN).read()).toEqual(kept)
        const [late] = kept
        expect(await other.log(RUN).append({ ...must(late), nonce: 'late' })).toBe('taken')
      })

      test('when it is tried, by several at once, then nothing of that stays, and nothing is made by a task manager', async () => {
        const [{ cluster }, nobody] = [await twoNodes(), `c${++clusters}`]
        const nats = { servers: [server.url] }
        const world = { name: 'test', clock: systemClock, random: systemRandom, logger: silentLogger }
        const trials = ['job-manager', 'task-manager', 'job-manager'] as const
        const tried = trials.map((user) => tryStateStore({ kind: 'jetstream', nats, cluster }, user, world))
        expect(await Promise.all(tried)).toEqual([[], [], []])
        expect(
          await tryStateStore({ kind: 'jetstream', nats, cluster: nobody }, 'task-manager', world),
        ).toEqual([])
        const manager = await (await bare(server)).jetstreamManager()
        for (const stream of [`OBJ_retake_${cluster}`, `retake_${cluster}_log`])
          expect((await manager.streams.info(stream)).state).toMatchObject({ messages: 0 })
        await expect(manager.streams.info(`OBJ_retake_${nobody}`)).rejects.toThrow('stream not found')
      })

      test('when blobs and documents are deleted or replaced, then nothing of them stays in the stream', async () => {
        const { one, cluster } = await twoNodes()
        const manager = await (await bare(server)).jetstreamManager()
        const messages = async () => (await manager.streams.info(`OBJ_retake_${cluster}`)).state.messages
        const large = new Uint8Array(300_000)
        for (const last of ['a', 'b']) await one.blobs.put(nameOf(last), large)
        await one.documents.put('runs/run1/run.json', large)
        await one.documents.put('runs/run1/run.json', BYTES)
        expect(await messages(), 'two of 3 chunks, one of 1, and one message about each').toBe(3 + 3 + 1 + 3)
        await one.blobs.delete([nameOf('a'), nameOf('b')])
        await one.documents.delete('runs/run1/run.json')
        expect(await messages()).toBe(0)
      })

      test('when a put died half way, then there is no blob, and who sweeps its run removes what it left', async () => {
        const { one, cluster } = await twoNodes()
        const raw = await bare(server)
        const encoded = Buffer.from('half').toString('base64url')
        await raw.jetstream().publish(`$O.retake_${cluster}.C.blobs.run1.1.3.${encoded}.token`, BYTES)
        const part = { blob: nameOf('half'), offset: 0, bytes: BYTES.length, hash: '' }
        await expect(one.blobs.get(part)).rejects.toThrow('it is not there')
        await one.blobs.delete(await one.blobs.list('run1'))
        const { state } = await (await raw.jetstreamManager()).streams.info(`OBJ_retake_${cluster}`)
        expect(state.messages).toBe(0)
      })

      test('when chunks of a blob are lost, then that is said at once', async () => {
        const { one, cluster } = await twoNodes()
        const part = await one.blobs.put(nameOf('a'), new Uint8Array(300_000))
        const manager = await (await bare(server)).jetstreamManager()
        const stream = `OBJ_retake_${cluster}`
        await manager.streams.deleteMessage(stream, 3)
        await expect(one.blobs.get(part)).rejects.toThrow(
          expect.objectContaining({ code: 'RT1203', why: 'it ends after 262144 bytes of 300000' }),
        )
      })

      test('when another client of object stores reads a blob, then it finds it whole', async () => {
        const { one, cluster } = await twoNodes()
        const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
        await one.blobs.put(nameOf('a'), bytes)
        const bucket = await (await bare(server)).jetstream().views.os(`retake_${cluster}`)
        expect((await bucket.list()).map(({ name, size }) => [name, size])).toEqual([
          [`blobs/${nameOf('a')}`, 300_000],
        ])
        expect(Buffer.compare((await bucket.getBlob(`blobs/${nameOf('a')}`)) ?? BYTES, bytes)).toBe(0)
      })

      test('when a stream of that name is another, then the error says what differs', async () => {
        const manager = await (await bare(server)).jetstreamManager()
        const cluster = `c${++clusters}`
        const log = `retake_${cluster}_log`
        await manager.streams.add({
          name: log,
          subjects: [`rt.${cluster}.log.*`],
          max_age: 1e9,
          max_msgs_per_subject: 1,
        })
        await expect(opened(server, cluster)).rejects.toThrow(
          expect.objectContaining({
            code: 'RT1524',
            what: expect.stringContaining(log),
            why: 'max_age is 1000000000 and must be 0; max_msgs_per_subject is 1 and must be 8',
            fix: expect.stringContaining(`nats stream edit ${log}`),
          }),
        )
      })

      test('when another stream takes our subjects, then the error says so', async () => {
        const manager = await (await bare(server)).jetstreamManager()
        const cluster = `c${++clusters}`
        await manager.streams.add({ name: `other${cluster}`, subjects: [`rt.${cluster}.>`] })
        await expect(opened(server, cluster)).rejects.toThrow(/RT1524.*another stream/)
      })

      test('when an operator bounds the bucket, then that is accepted, and a full one refuses with a remedy', async () => {
        const { one, cluster } = await twoNodes()
        const before = await one.blobs.put(nameOf('a'), BYTES)
        const manager = await (await bare(server)).jetstreamManager()
        await manager.streams.update(`OBJ_retake_${cluster}`, { max_bytes: 500_000 })
        const again = await opened(server, cluster)
        await expect(again.blobs.put(nameOf('b'), new Uint8Array(1_000_000))).rejects.toThrow(
          expect.objectContaining({ code: 'RT1301', why: expect.stringContaining('maximum bytes') }),
        )
        expect(new Uint8Array(await again.blobs.get(before))).toEqual(new Uint8Array(BYTES))
        expect(await again.blobs.list('run1'), 'what it wrote is removed').toEqual([nameOf('a')])
        await again.blobs.put(nameOf('b'), new Uint8Array(100_000))
      })

      test('when the store was closed, then whoever goes on hears it', async () => {
        const { one } = await twoNodes()
        await one.close()
        await expect(one.log(RUN).read()).rejects.toThrow(/RT1506/)
      })
    })

    describe('when the way to the server breaks', () => {
      test.each([
        ['its request', 'toServer'],
        ['its answer', 'toClient'],
      ] as const)(
        'when an append loses %s, then the same entry appended again settles it, and stands once',
        async (_what, direction) => {
          const proxy = await proxyTo(await jetStream({ version }))
          const { log, lose } = await losing(proxy, direction)
          const entries = entriesOf(...STARTED)
          for (const entry of entries) {
            expect(await lose(entry, 'for good')).toMatchObject({ code: 'RT1501' })
            expect(await until(() => log.append(entry), { what: 'the link to be back' })).toBe('written')
          }
          expect((await log.read()).map(({ nonce }) => nonce)).toEqual(entries.map(({ nonce }) => nonce))
        },
      )

      test('when a lost append lands late, then whoever took the place keeps it', async () => {
        const server = await jetStream({ version })
        const proxy = await proxyTo(server)
        const quick = (await opened(server, 'c')).log(RUN)
        const { log, lose } = await losing(proxy, 'toServer')
        const [first] = entriesOf(on.submitted())
        await quick.append(must(first))
        const history = JobHistory.of([must(first)])
        const [mine, theirs] = [rival(history, 'mine'), rival(history, 'theirs')]

        expect(await lose(mine, 'until it is released')).toMatchObject({ code: 'RT1501' })
        expect(await quick.append(theirs)).toBe('written')
        proxy.release()
        expect(await until(() => log.append(mine), { what: 'the link to be back' })).toBe('taken')
        expect((await quick.read()).map(({ nonce }) => nonce)).toEqual(['nonce-1', 'theirs'])
      })

      test('when a lost append lands late and nobody was faster, then it stands, and once', async () => {
        const server = await jetStream({ version })
        const proxy = await proxyTo(server)
        const quick = (await opened(server, 'c')).log(RUN)
        const { log, lose } = await losing(proxy, 'toServer')
        const [first] = entriesOf(on.submitted())
        await quick.append(must(first))
        const history = JobHistory.of([must(first)])
        const mine = rival(history, 'mine')

        expect(await lose(mine, 'until it is released')).toMatchObject({ code: 'RT1501' })
        expect(await quick.read(), 'a read does not show it').toHaveLength(1)
        proxy.release()
        await until(async () => (await quick.read()).length === 2, { what: 'the late message' })
        expect(await quick.append(rival(history, 'theirs'))).toBe('taken')
        expect(await until(() => log.append(mine), { what: 'the link to be back' })).toBe('written')
        expect((await quick.read()).map(({ nonce }) => nonce)).toEqual(['nonce-1', 'mine'])
      })

      test('when the message that names a document is lost and lands late, then the document is whole', async () => {
        const server = await jetStream({ version })
        const proxy = await proxyTo(server)
        const { documents } = await opened(server, 'c')
        const { connection, holdingAt } = await holdable(proxy, 'toServer')
        const over = (by: JetStreamConnection) =>
          new JetStreamDocuments({ connection: by, bucket: 'retake_c', random: systemRandom })
        await over(connection).put('runs/run1/run.json', new Uint8Array(300_000).fill(1))

        const isName = (parameters: readonly unknown[]) => String(parameters[1]).includes('.M.')
        // Whoever tidies up may already have a link again.
        const lost = over(holdingAt(isName, await connected([server.url])))
          .put('runs/run1/run.json', new Uint8Array(300_000).fill(2))
          .catch((error: unknown) => error)
        await until(() => proxy.heldBytes('toServer') > 40, { what: 'the message to be held' })
        proxy.cutClients()
        expect(await lost).toMatchObject({ code: 'RT1501' })
        expect((await documents.get('runs/run1/run.json'))?.[0]).toBe(1)
        proxy.release()
        await until(async () => (await documents.get('runs/run1/run.json'))?.[0] === 2, {
          what: 'it to land',
        })
        expect(await documents.get('runs/run1/run.json')).toHaveLength(300_000)
      })

      test('when the server is killed and comes back, then what was written stands, and the log goes on', async () => {
        const server = await jetStream({ version })
        const store = await opened(server, 'c')
        const log = store.log(RUN)
        const entries = entriesOf(...STARTED)
        const part = await store.blobs.put(nameOf('a'), new Uint8Array(300_000).fill(7))
        for (const [index, entry] of entries.entries()) {
          expect(await until(() => log.append(entry), { what: 'the server to be back' })).toBe('written')
          if (index % 2 === 0) await server.kill()
          await server.restart()
        }
        const read = await until(() => log.read(), { what: 'the server to be back' })
        expect(read.map(({ nonce }) => nonce)).toEqual(entries.map(({ nonce }) => nonce))
        expect((await store.blobs.get(part))[299_999]).toBe(7)
      })

      test('when the server is killed and comes back, then who held the lease holds it', async () => {
        const server = await jetStream({ version })
        const [one, other] = [await opened(server, 'c'), await opened(server, 'c')]
        const held = await written(one.lease, holderOf('jm-1'), 0)
        await server.kill()
        await expect(one.lease.write(holderOf('jm-1'), held)).rejects.toMatchObject({ code: 'RT1501' })
        await server.restart()
        const read = await until(() => other.lease.read(), { what: 'the server to be back' })
        expect(read).toEqual({ revision: held, holder: holderOf('jm-1') })
        const renew = () => one.lease.write(holderOf('jm-1'), held)
        expect(await until(renew, { what: 'the link to be back' })).toBeGreaterThan(held)
      })

      test('when an answer about the lease does not come, then that is said soon', async () => {
        const server = await jetStream({ version })
        const proxy = await proxyTo(server)
        const { lease } = await opened(`nats://127.0.0.1:${proxy.port}`, 'c')
        await written(lease, holderOf('jm-1'), 0)
        proxy.hold('toClient')
        const why = { code: 'RT1501', what: expect.stringContaining(`within ${LIMITS.leaseAnswerMs} ms`) }
        await Promise.all([
          expect(lease.read()).rejects.toMatchObject(why),
          expect(lease.write(holderOf('jm-1'), 1)).rejects.toMatchObject(why),
        ])
      })

      test('when the server is gone, then it is said at once, and not after a time-out', async () => {
        const server = await jetStream({ version })
        const store = await opened(server, 'c')
        await server.kill()
        await expect(store.blobs.put(nameOf('a'), BYTES)).rejects.toThrow(/RT1501/)
        await expect(store.runs()).rejects.toThrow(/RT1501.*comes back by itself/)
      })

      test('when a link hangs with bytes under way, then it is replaced by one that works', async () => {
        const server = await jetStream({ version })
        const pipes = [await pipeTo(server), await pipeTo(server)]
        const servers = pipes.map(({ port }) => `nats://127.0.0.1:${port}`)
        await opened(server, 'c') // makes the streams
        const connection = await connected(servers, { pingMs: 100, connectMs: 300 })
        for (const pipe of pipes) if (pipe.isUsed()) pipe.stall()
        // More than the buffers of a socket take.
        const stores = Array.from({ length: 200 }, () =>
          connection.store('OBJ_retake_c', '$O.retake_c.C.x', new Uint8Array(128 * 1024)),
        )
        for (const stored of await Promise.allSettled(stores)) {
          expect(stored).toMatchObject({ status: 'rejected', reason: { code: 'RT1501' } })
        }
        const again = () => connection.store('OBJ_retake_c', '$O.retake_c.C.x', BYTES)
        expect(await until(again, { what: 'the other link' })).toBe(1)
      })
    })

    describe('when something is missing', () => {
      test('when the server has no JetStream, then the error says what to start', async () => {
        const server = await nats({ version })
        await expect(opened(server, 'c')).rejects.toThrow(
          expect.objectContaining({ code: 'RT1518', fix: expect.stringContaining('-js') }),
        )
      })

      test('when the account has no JetStream, then the error is the same', async () => {
        const accounts =
          'accounts { with { jetstream: enabled, users: [ { user: "a", password: "x" } ] }, without { users: [ { user: "crew", password: "x" } ] } }'
        const server = await nats({ version, jetStream: true, config: accounts, user: 'crew', password: 'x' })
        await expect(opened(server, 'c', { user: 'crew', password: 'x' })).rejects.toThrow(
          expect.objectContaining({ code: 'RT1518' }),
        )
        await opened(server, 'c', { user: 'a', password: 'x' })
      })

      test.each([
        ['publish: { deny: "$JS.API.>" }', /RT1503.*may not publish to "\$JS\.API\.INFO"/],
        ['publish: { deny: "$JS.API.STREAM.CREATE.>" }', /RT1503.*"\$JS\.API\.STREAM\.CREATE\.retake_c_log"/],
        ['subscribe: { deny: "_INBOX.>" }', /RT1503.*may not subscribe to "_INBOX\.c\./],
      ])(
        'when the user has %s, then the error names the subject, before any time-out',
        async (rule, expected) => {
          const server = await nats({ version, jetStream: true, ...permissions(rule) })
          await expect(opened(server, 'c', { user: 'crew', password: 'x' })).rejects.toThrow(expected)
        },
      )

      test('when the user may not write the log, then an append says so', async () => {
        const rule = 'publish: { deny: "rt.*.log.>" }'
        const server = await nats({ version, jetStream: true, ...permissions(rule) })
        const store = await opened(server, 'c', { user: 'crew', password: 'x' })
        const [first] = entriesOf(on.submitted())
        await expect(store.log(RUN).append(must(first))).rejects.toThrow(
          /RT1503.*may not publish to "rt\.c\.log\.run1"/,
        )
      })

      test('when the storage of JetStream is used up, then a put fails with a remedy, and goes on when there is room', async () => {
        const limits =
          'accounts { crew { jetstream: { max_file: 1MB }, users: [ { user: "crew", password: "x" } ] } }'
        const login = { user: 'crew', password: 'x' }
        const server = await nats({ version, jetStream: true, config: limits, ...login })
        const store = await opened(server, 'c', login)
        const kept = await store.blobs.put('run1/1/1/a' as BlobName, new Uint8Array(500_000))
        await expect(store.blobs.put('run1/1/1/b' as BlobName, new Uint8Array(2_000_000))).rejects.toThrow(
          expect.objectContaining({ code: 'RT1301' }),
        )
        expect(await store.blobs.get(kept)).toHaveLength(500_000)
        // And never fills it up with what was written and is gone.
        for (let round = 0; round < 8; round++) {
          const blob = `run1/1/2/${round}` as BlobName
          await store.blobs.put(blob, new Uint8Array(300_000))
          await store.blobs.delete([blob])
        }
        await store.blobs.delete(['run1/1/1/a' as BlobName])
        await store.blobs.put('run1/1/1/b' as BlobName, new Uint8Array(500_000))
      })

      test('when nobody is there, or the password is wrong, then it is the error of any connection', async () => {
        const server = await nats({ version, jetStream: true, ...permissions('') })
        await expect(opened(server, 'c', { user: 'crew', password: 'y' })).rejects.toThrow(/RT1502/)
        await server.kill()
        await expect(opened(server, 'c')).rejects.toThrow(/RT1501/)
      })
    })
  })
}

async function opened(
  server: { readonly url: string } | string,
  cluster: string,
  overrides: StoreOverrides = {},
): Promise<JetStreamStateStore> {
  const url = typeof server === 'string' ? server : server.url
  const store = await openJetStream(url, cluster, overrides)
  closing.push(() => store.close())
  return store
}

async function nats(options: NatsOptions): Promise<NatsServer> {
  const server = await startNats(options)
  closing.push(() => server.stop())
  return server
}

function jetStream(options: NatsOptions): Promise<NatsServer> {
  return nats({ ...options, jetStream: true })
}

/** A way to the server whose end may stop reading for good, as a machine does that lost its power. */
async function pipeTo(server: NatsServer) {
  const clients = new Set<Socket>()
  const sockets: Socket[] = []
  let isStalled = false
  const pipe = createServer((client) => {
    const upstream = connectTo(server.port, '127.0.0.1')
    sockets.push(client, upstream)
    for (const socket of [client, upstream]) socket.on('error', () => {})
    if (isStalled) return void client.pause()
    clients.add(client.once('close', () => clients.delete(client)))
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => pipe.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    pipe.close()
  })
  return {
    port: (pipe.address() as AddressInfo).port,
    isUsed: () => clients.size > 0,
    stall() {
      isStalled = true
      for (const client of clients) client.unpipe().pause()
    },
  }
}

async function proxyTo(server: NatsServer): Promise<TcpProxy> {
  const proxy = await TcpProxy.to(server)
  closing.push(() => proxy.close())
  return proxy
}

async function connected(
  servers: readonly string[],
  nats: Partial<JetStreamConnectionOptions> = {},
): Promise<JetStreamConnection> {
  const [name, inbox] = ['test', '_INBOX.c.test']
  const kit = { clock: systemClock, random: systemRandom, logger: silentLogger }
  const connection = await JetStreamConnection.open({ servers, name, inbox, ...kit, ...nats })
  closing.push(() => connection.close())
  return connection
}

/**
 * A connection through `proxy`, and one over it that holds what goes on in `direction` from a certain `store` on; all
 * but what it stores may take another way.
 */
async function holdable(proxy: TcpProxy, direction: Direction) {
  const connection = await connected([`nats://127.0.0.1:${proxy.port}`])
  const holdingAt = (isIt: (parameters: readonly unknown[]) => boolean, rest = connection) =>
    new Proxy(connection, {
      get(_, name: keyof JetStreamConnection) {
        const target = name === 'store' ? connection : rest
        const member = target[name]
        if (typeof member !== 'function') return member
        return (...parameters: never[]) => {
          if (name === 'store' && isIt(parameters)) proxy.hold(direction)
          return (member as (...parameters: never[]) => unknown).apply(target, parameters)
        }
      },
    })
  return { connection, holdingAt }
}

/**
 * A log behind `proxy`, and an append to it whose question who is last is answered; what it then stores, or the answer
 * to that, is lost for good, or held while the client is cut off. Gives what the append came to.
 */
async function losing(proxy: TcpProxy, direction: Direction) {
  await opened(`nats://127.0.0.1:${proxy.port}`, 'c') // makes the streams
  const { connection, holdingAt } = await holdable(proxy, direction)
  const logOver = (over: JetStreamConnection) => new JetStreamJobLog(over, 'retake_c_log', 'rt.c.log.run1')
  const lose = async (entry: LogEntry, howLong: 'for good' | 'until it is released') => {
    const outcome = logOver(holdingAt(() => true))
      .append(entry)
      .catch((error: unknown) => error)
    // A ping is shorter.
    await until(() => proxy.heldBytes(direction) > 40, { what: 'the message to be held' })
    if (howLong === 'until it is released') {
      proxy.cutClients()
    } else {
      proxy.cut()
      proxy.release()
    }
    return outcome
  }
  return { log: logOver(connection), lose }
}

async function bare(server: NatsServer): Promise<NatsConnection> {
  const client = await connect({ servers: server.url })
  closing.push(() => client.close())
  return client
}

function permissions(rule: string): NatsOptions {
  const config = `authorization { users: [ { user: "crew", password: "x", permissions: { ${rule} } } ] }`
  return { config, user: 'crew', password: 'x' }
}

function must(entry: LogEntry | undefined): LogEntry {
  if (entry === undefined) throw new Error('there is no such entry')
  return entry
}
