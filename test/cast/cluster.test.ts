import { afterEach, beforeEach, expect, test } from 'vitest'
import { ClusterClient } from '#actors/cluster-client.js'
import type { NodeStatus } from '#actors/cluster-view.js'
import type { LookAtRun } from '#actors/front-desk.js'
import { Node, type NodeOptions } from '#actors/node.js'
import { type NodeEvent, startNodeProcess } from '#actors/node-process.js'
import { LEADING_FRONT_DESK } from '#actors/role-addresses.js'
import { newSystemId } from '#src/actor/address.js'
import { ActorSystem } from '#src/actor/system.js'
import { NatsTransport } from '#src/actor/transport/nats-transport.js'
import { systemClock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { describeWith } from '../support/describe-with.js'
import { type NatsServer, type NatsVersion, startNats } from '../support/nats-server.js'
import { TcpProxy } from '../support/tcp-proxy.js'
import { until } from '../support/until.js'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'

const COUNT = 3_000
const WORLD = { clock: systemClock, random: systemRandom, logger: silentLogger }

for (const version of ['oldest', 'current'] as const satisfies readonly NatsVersion[]) {
  await describeWith({ nats: version }, `a cluster of several nodes over NATS, the ${version} server`, () => {
    let cast: Cast
    let nats: NatsServer
    let nodes: Node[]
    let client: ClusterClient

    beforeEach(async () => {
      cast = new Cast()
      nodes = []
      nats = await startNats({ version, jetStream: true })
      await node('jm-1', { roles: ['job-manager'] })
      client = await ClusterClient.connect({ nats: { servers: [nats.url] }, cluster: 'test', ...WORLD })
    })

    afterEach(async () => {
      await client.close()
      for (const one of nodes) await one.kill()
      await nats.stop()
      await cast.stop()
    })

    async function node(name: string, options: Partial<NodeOptions> = {}): Promise<Node> {
      const started = await Node.start({
        name,
        roles: ['task-manager'],
        slots: 2,
        cluster: { name: 'test', nats: { servers: [nats.url] } },
        ...WORLD,
        ...options,
      })
      nodes.push(started)
      return started
    }

    const named = async (name: string): Promise<NodeStatus | undefined> =>
      (await client.nodes()).find((one) => one.name === name)

    const submit = async (parallelism: number, params = {}) =>
      new Followed(
        await client.submit(
          cast.submission('counting-plain', { count: COUNT, rate: 1_000, ...params }, { parallelism }),
        ),
      )

    test('when nodes join and leave, then the cluster knows them, and what runs there can be looked at', async () => {
      await node('tm-1', { labels: { zone: 'a' } })
      await node('tm-2')
      await until(async () => (await client.nodes()).length === 3, { what: 'both have joined' })
      const [leader, ...others] = await client.nodes()
      expect(leader).toMatchObject({ name: 'jm-1', roles: ['job-manager'], slots: 0 })
      expect(others.map(({ name }) => name).sort()).toEqual(['tm-1', 'tm-2'])
      expect(others.find(({ name }) => name === 'tm-1')?.labels).toEqual({ zone: 'a' })

      const job = await submit(2)
      await job.running()
      const { run } = job.job
      const { status, placed, subtasks } = await client.job(run)
      expect([status, subtasks]).toEqual(['RUNNING', { running: 4, total: 4 }])
      expect(new Set(placed.map(({ node }) => node)).size).toBe(2)
      const threads = await client.actors()
      expect(threads.map(({ name, slot }) => `${name} ${slot ?? 'main'}`).sort()).toEqual([
        'jm-1 main',
        'tm-1 0',
        'tm-1 main',
        'tm-2 0',
        'tm-2 main',
      ])
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
      expect(await client.jobs()).toMatchObject([{ run, job: 'counting', status: 'FINISHED' }])
      await expect(client.job('nobody' as RunId)).rejects.toMatchObject({ code: 'RT1523' })
    })

    test('when a visitor says nonsense at the front desk, then it answers the next one, and what runs runs on', async () => {
      await node('tm-1')
      const job = await submit(1)
      await job.running()
      const transport = new NatsTransport({ servers: [nats.url], cluster: 'test', onFatal: () => {} })
      const stranger = new ActorSystem({
        id: newSystemId('observer', systemRandom),
        ...WORLD,
        transports: [transport],
      })
      await stranger.ready
      const ask = (question: object) =>
        stranger.ask(LEADING_FRONT_DESK, question as LookAtRun, { timeoutMs: 1_000 }).then(
          () => 'answered',
          () => 'not answered',
        )
      expect(await ask({ type: 'cancel' })).toBe('not answered')
      expect(await ask({ type: 'look-at-run', run: 'a.b' })).toBe('not answered')
      expect(await ask({ type: 'look-at-run', run: job.job.run })).toBe('answered')
      expect((await client.nodes()).map(({ name }) => name)).toEqual(['jm-1', 'tm-1'])
      expect((await client.job(job.job.run)).attempt).toBe(1)
      await stranger.stop()
    })

    test('when a node is gone without a word, then the job goes on without it, and every record counts once', async () => {
      const doomed = await node('tm-1')
      await node('tm-2')
      await node('tm-3')
      const job = await submit(4)
      await job.running()
      await job.completed(2)
      const again = job.running()
      await doomed.kill()
      await again
      expect(job.of('failure')).toMatchObject([{ error: { code: 'RT1512' } }])
      expect(await named('tm-1')).toBeUndefined()
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
    })

    test('when a node drains, then its job moves off it with a checkpoint, which is no failure', async () => {
      await node('tm-1')
      await node('tm-2')
      const job = await submit(2)
      await job.running()
      const [first] = (await client.job(job.job.run)).placed
      const leaving = nodes.find(({ id }) => id === first?.node)
      const again = job.running()
      await leaving?.drain()
      await again
      await leaving?.stop()
      expect(job.of('failure')).toEqual([])
      expect(job.attempts()).toBe(2)
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
    })

    test('when nats-server is restarted, then it costs one restart of the job, and no record', async () => {
      await node('tm-1')
      await node('tm-2')
      const job = await submit(4)
      await job.running()
      await job.completed(2)
      await nats.restart()
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
      expect(job.attempts()).toBeLessThanOrEqual(2)
    })

    test('when the leader is gone, then a standby leads within three seconds, and nothing starts again', async () => {
      await node('jm-2', { roles: ['job-manager'] })
      await node('tm-1')
      await until(async () => (await client.nodes()).length === 3, { what: 'the standby is known' })
      expect((await client.nodes()).map(({ name, isLeader }) => [name, isLeader])).toEqual([
        ['jm-1', true],
        ['jm-2', false],
        ['tm-1', false],
      ])
      const count = 6_000
      const job = await submit(2, { count })
      await job.running()
      await job.completed(2)
      const from = performance.now()
      await nodes[0]?.kill()
      const [leader] = await client.nodes()
      expect(performance.now() - from).toBeLessThan(3_000)
      expect([leader?.name, leader?.isLeader]).toEqual(['jm-2', true])
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), count)
      expect([job.attempts(), job.of('failure')]).toEqual([1, []])
    })

    test('when nobody stands by and a job manager is started, then it goes on with what runs', async () => {
      await node('tm-1')
      const job = await submit(2)
      await job.running()
      await job.completed(2)
      await nodes[0]?.kill()
      await node('jm-2', { roles: ['job-manager'] })
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
      expect(job.attempts()).toBe(1)
    })

    test('when the leader leaves, then it gives the lease back, and the standby goes on with what runs', async () => {
      await node('jm-2', { roles: ['job-manager'] })
      await node('tm-1')
      const job = await submit(2)
      await job.running()
      await job.completed(1)
      await nodes[0]?.drain()
      const from = performance.now()
      await nodes[0]?.stop()
      expect((await client.nodes())[0]?.name).toBe('jm-2')
      expect(performance.now() - from).toBeLessThan(LIMITS.leaseMs)
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
      expect(job.attempts()).toBe(1)
    })

    test('when all nodes are gone and others start, then unended runs go on from their newest checkpoints', async () => {
      await node('tm-1')
      const job = await submit(2)
      await job.running()
      await job.completed(2)
      for (const one of nodes.splice(0)) await one.kill()
      await node('jm-2', { roles: ['job-manager'] })
      await node('tm-2')
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
      expect(job.of('attempt').map(({ attempt, from }) => [attempt, from > 0])).toEqual([
        [1, false],
        [2, true],
      ])
    })

    test('when one node has all roles and leaves, then its job has a checkpoint, and goes on when it is back', async () => {
      await nodes[0]?.stop()
      const all = { roles: ['job-manager', 'task-manager'] } as const
      const first = await node('all-1', all)
      const job = await submit(2)
      await job.running()
      const { checkpoints } = await client.job(job.job.run)
      await first.drain()
      expect((await client.job(job.job.run)).checkpoints.length).toBeGreaterThan(checkpoints.length)
      await first.stop()
      await node('all-1', all)
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), COUNT)
    })

    test('when NATS is away for longer than a node may be silent, then the node stops what it runs, and comes back', async () => {
      await nodes[0]?.stop()
      await node('jm-2', { roles: ['job-manager'], heartbeatTimeoutMs: 3_000 })
      const events: NodeEvent[] = []
      const told = (type: NodeEvent['type'], times = 1) =>
        until(() => events.filter((event) => event.type === type).length >= times, {
          what: `${type}, ${times} times`,
        })
      const member = await startNodeProcess({
        name: 'tm-1',
        roles: ['task-manager'],
        slots: 2,
        labels: {},
        nats: { servers: [nats.url] },
        cluster: 'test',
        stateDirectory: undefined,
        heartbeatTimeoutMs: 3_000,
        slotRequestMs: 60_000,
        onEvent: (event) => events.push(event),
        ...WORLD,
      })
      try {
        await told('ready')
        const job = await submit(2)
        await job.running()
        await job.completed(2)
        await nats.halt()
        await told('lost')
        await until(() => events.some((event) => event.type === 'waiting'), { what: 'it waits for NATS' })
        await nats.restart()
        await told('ready', 2)
        expect((await job.job.ended).outcome).toBe('finished')
        expectCounted(cast.path('output'), COUNT)
        expect(events.find(({ type }) => type === 'lost')).toEqual({ type: 'lost', reason: 'fenced' })
      } finally {
        await member.drain()
      }
      expect(await member.ended).toBeUndefined()
    })

    test('when a leader cannot reach the lease for a while, then another leads, and it stands by once it sees so', async () => {
      await nodes.shift()?.stop()
      const link = await TcpProxy.to(nats)
      const servers = [link.addressFor(nats.url)]
      const old = await node('jm-2', { roles: ['job-manager'], cluster: { name: 'test', nats: { servers } } })
      await node('jm-3', { roles: ['job-manager'] })
      await node('tm-1')
      const count = 9_000
      const job = await submit(2, { count })
      await job.running()
      await job.completed(1)
      link.hold()
      await until(async () => (await client.nodes())[0]?.name === 'jm-3', { what: 'the other leads' })
      await job.completed(1)
      link.release()
      await until(
        async () => (await client.nodes()).some(({ name, isLeader }) => name === 'jm-2' && !isLeader),
        {
          what: 'it stands by',
        },
      )
      expect((await job.job.ended).outcome).toBe('finished')
      expectCounted(cast.path('output'), count)
      expect(job.attempts()).toBe(1)
      await old.kill()
      await link.close()
    })

    test('when a job is planned otherwise than its submitter saw it, then it is refused, and there is no run', async () => {
      const submission = cast.submission('counting-plain', { count: COUNT }, { fingerprint: 'another' })
      await expect(client.submit(submission)).rejects.toMatchObject({ code: 'RT1108' })
      expect(await client.jobs()).toEqual([])
    })
  })
}
