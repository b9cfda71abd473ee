import { expect, test } from 'vitest'
import type { JobManager } from '#actors/job-manager.js'
import { Leadership, type LeadershipMessage, type LeadershipNews } from '#actors/leadership.js'
import { type DescribeNodes, ResourceManager } from '#actors/resource-manager.js'
import { LEADING_RESOURCE_MANAGER, leadershipOf, RESOURCE_MANAGER } from '#actors/role-addresses.js'
import type { Actor, ActorContext } from '#src/actor/actor.js'
import { restartStrategyOf } from '#src/actor/restart-strategy.js'
import { Supervisor } from '#src/actor/supervisor.js'
import { ActorSystem } from '#src/actor/system.js'
import { pause } from '#src/actor/transport/deadline.js'
import { SimulatedNetwork } from '#src/actor/transport/simulated-network.js'
import type { Lease, LeaseStore } from '#src/cluster/lease.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { JOB_MANAGER_NAME } from '#src/cluster/protocol.js'
import type { NodeId, SystemId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { VirtualClock } from '#src/kit/virtual-clock.js'
import { MemoryState } from '#src/testing/memory-state.js'

/** As long as a new leader may take after the death of the old one. */
const TAKEOVER_MS = LIMITS.leaseMs + LIMITS.leaseRenewMs + LIMITS.leaseLookMs + 100

function stage() {
  const clock = new VirtualClock()
  const random = seededRandom(3)
  const network = new SimulatedNetwork({ clock, random })
  const state = new MemoryState()
  const terms: number[] = []
  const node = (name: string, { protocol = 1 } = {}) => {
    const id = `${name}-system` as SystemId
    const system = new ActorSystem({
      id,
      clock,
      random,
      logger: silentLogger,
      transports: [network.transport()],
      onFailure: () => {},
    })
    const news: LeadershipNews[] = []
    const store = new Stoppable(state.open().lease, clock)
    const own: NodeInfo = { ...FACTS, node: `${name}-1` as NodeId, name, protocol }
    const start = () =>
      new Leadership({
        own,
        system: id,
        lease: store,
        jobManager: (term) => {
          terms.push(term)
          return new Directing(own, term, clock) as Actor<unknown> as unknown as JobManager
        },
        takeName: () => system.takeName(JOB_MANAGER_NAME),
        dropName: () => system.dropName(JOB_MANAGER_NAME),
        residentBytes: () => 1,
        wallTime: () => clock.wallTime(),
        logger: silentLogger,
        onNews: (one) => news.push(one),
      })
    const restarts = restartStrategyOf({ type: 'fixed-delay', attempts: 99, delay: 100 }, random)
    system.spawn('node', new Supervisor({ restarts, children: [{ id: 'leadership', start }] }))
    const ask = (message: LeadershipMessage & { type: 'await-leader' | 'resign' }) =>
      system.ask(leadershipOf(id), message, { timeoutMs: 60_000, repeatMs: 50 })
    return { id, name, system, news, store, ask }
  }
  type TestNode = ReturnType<typeof node>
  const client = new ActorSystem({
    id: 'client' as SystemId,
    clock,
    random,
    logger: silentLogger,
    transports: [network.transport()],
  })
  /** Who answers to the name of the leader, and who else is known. */
  const nodes = async () => {
    const describe: DescribeNodes = { type: 'describe' }
    const described = client.ask(LEADING_RESOURCE_MANAGER, describe, { timeoutMs: 1_000 })
    described.catch(() => {})
    await clock.advance(20)
    return (await described).map(({ name, isLeader }) => (isLeader ? `${name} leads` : name))
  }
  const kill = async ({ id, system }: TestNode) => {
    network.kill(id)
    await system.kill()
  }
  return { clock, network, node, nodes, kill, lease: state.lease, terms }
}

const FACTS = { host: 'h', pid: 1, version: '0.1.0', cpus: 1, memoryBytes: 1, labels: {}, startedAt: 0 }

/** In the place of a job manager: the resource manager of one, and a word that it crashes by. */
class Directing implements Actor<'crash'> {
  readonly #own: NodeInfo
  readonly #term: number
  readonly #clock: VirtualClock

  constructor(own: NodeInfo, term: number, clock: VirtualClock) {
    this.#own = own
    this.#term = term
    this.#clock = clock
  }

  start(ctx: ActorContext<'crash'>): void {
    const resources = new ResourceManager({
      own: this.#own,
      term: this.#term,
      heartbeatTimeoutMs: 25_000,
      rejoinMs: 0,
      residentBytes: () => 1,
      wallTime: () => this.#clock.wallTime(),
      logger: silentLogger,
    })
    ctx.spawn(RESOURCE_MANAGER, resources)
  }

  receive(): void {
    throw new Error('it crashes')
  }
}

/** A lease that one node cannot reach while it is stopped: that no answer came is known `unansweredMs` later. */
class Stoppable implements LeaseStore {
  readonly #lease: LeaseStore
  readonly #clock: VirtualClock
  isStopped = false
  unansweredMs = 0
  /** In place of what stands there. */
  shows: Lease | undefined
  reads = 0
  writes = 0

  constructor(lease: LeaseStore, clock: VirtualClock) {
    this.#lease = lease
    this.#clock = clock
  }

  read: LeaseStore['read'] = async () => {
    await this.#reached()
    this.reads++
    return this.shows ?? this.#lease.read()
  }

  write: LeaseStore['write'] = async (holder, after) => {
    await this.#reached()
    this.writes++
    return this.#lease.write(holder, after)
  }

  async #reached(): Promise<void> {
    if (!this.isStopped) return
    if (this.unansweredMs > 0) await pause(this.#clock, this.unansweredMs)
    throw new Error('no answer')
  }
}

test('when several could lead, then one does and is found by name, and the others stand by and are known', async () => {
  const { clock, node, nodes } = stage()
  const [a, b, c] = [node('a'), node('b'), node('c')]
  const standings = [a, b, c].map((one) => one.ask({ type: 'await-leader' }))
  await clock.advance(3_000)
  expect((await Promise.all(standings)).toSorted()).toEqual(['leads', 'stands-by', 'stands-by'])
  expect((await nodes()).toSorted()).toEqual(['a leads', 'b', 'c'])
  expect(a.news).toEqual([{ type: 'leads' }])
  expect(b.news).toEqual([{ type: 'stands-by', leader: 'a' }])
})

test('when the leader dies, then another leads in less than three seconds, ten times in a row', async () => {
  const { clock, node, nodes, kill, terms } = stage()
  let [leader, standby] = [node('n0'), node('n1')]
  await clock.advance(3_000)
  for (let death = 0; death < 10; death++) {
    await clock.advance(137 * death)
    const diedAt = clock.now()
    await kill(leader)
    expect(await clock.advanceUntil(() => standby.news.some(({ type }) => type === 'leads'), 10_000)).toBe(
      true,
    )
    expect(clock.now() - diedAt).toBeLessThanOrEqual(TAKEOVER_MS)
    expect((await nodes())[0]).toBe(`${standby.name} leads`)
    ;[leader, standby] = [standby, node(`n${death + 2}`)]
    await clock.advance(2_000)
  }
  expect(new Set(terms).size, 'each has a term of its own').toBe(11)
  expect(terms, 'which rise').toEqual(terms.toSorted((a, b) => a - b))
})

test('when the leader leaves, then it gives the lease back, and nobody waits', async () => {
  const { clock, node, nodes } = stage()
  const [a, b] = [node('a'), node('b')]
  await clock.advance(3_000)
  const resigned = a.ask({ type: 'resign' })
  await clock.advance(LIMITS.leaseLookMs * 2)
  expect(await resigned).toBe('resigned')
  expect(b.news.at(-1)).toEqual({ type: 'leads' })
  expect(await nodes()).toEqual(['b leads'])
})

test('when the leader cannot reach the lease, then another leads and tells it, and it stands by once it sees so', async () => {
  const { clock, node, nodes } = stage()
  const [a, b] = [node('a'), node('b')]
  await clock.advance(3_000)
  a.store.isStopped = true
  await clock.advance(TAKEOVER_MS)
  expect(b.news.at(-1)).toEqual({ type: 'leads' })
  // It cannot see whose the lease is: as far as it knows, nobody's but its own.
  expect(a.news.at(-1)).toEqual({ type: 'leads' })
  a.store.isStopped = false
  await clock.advance(LIMITS.leaseRenewMs + 50)
  expect(await nodes()).toEqual(['b leads'])
  await clock.advance(2_000)
  expect(a.news.at(-1)).toEqual({ type: 'stands-by', leader: 'b' })
  expect(await nodes()).toEqual(['b leads', 'a'])
})

test('when the lease answers nobody for longer than they wait to look again, then they look again all the same', async () => {
  const { clock, node, nodes, kill } = stage()
  const [a, b] = [node('a'), node('b')]
  await clock.advance(3_000)
  for (const { store } of [a, b])
    Object.assign(store, { isStopped: true, unansweredMs: LIMITS.leaseAnswerMs })
  await clock.advance(5_000)
  a.store.isStopped = b.store.isStopped = false
  await kill(a)
  await clock.advance(TAKEOVER_MS + LIMITS.leaseAnswerMs)
  expect(await nodes()).toEqual(['b leads'])
})

test('when nobody can reach the lease, then whoever leads goes on', async () => {
  const { clock, node, nodes } = stage()
  const [a, b] = [node('a'), node('b')]
  await clock.advance(3_000)
  a.store.isStopped = b.store.isStopped = true
  await clock.advance(30_000)
  expect(await nodes()).toEqual(['a leads', 'b'])
  b.store.isStopped = false
  a.store.isStopped = false
  await clock.advance(5_000)
  // Whose it is then is a matter of who is faster; that it is one is not.
  expect((await nodes()).filter((name) => name.endsWith('leads'))).toHaveLength(1)
})

test('when the job manager crashes, then the same node leads again at once', async () => {
  const { clock, node, nodes } = stage()
  const a = node('a')
  node('b')
  await clock.advance(3_000)
  a.system.send({ address: `${leadershipOf(a.id).address}.job-manager` } as never, 'crash')
  await clock.advance(500)
  expect(await nodes()).toEqual(['a leads'])
  await clock.advance(2_000)
  expect(await nodes()).toEqual(['a leads', 'b'])
  expect(a.news).toEqual([{ type: 'leads' }, { type: 'leads' }])
})

test('when it fails after another has come to lead, then it gives up the name of the leader', async () => {
  const { clock, network, node, nodes } = stage()
  const [a, b] = [node('a'), node('b')]
  await clock.advance(3_000)
  a.store.isStopped = true
  await clock.advance(TAKEOVER_MS)
  expect(network.holdersOf(JOB_MANAGER_NAME)).toEqual([a.id, b.id])
  a.system.send({ address: `${leadershipOf(a.id).address}.job-manager` } as never, 'crash')
  await clock.advance(500)
  expect(network.holdersOf(JOB_MANAGER_NAME)).toEqual([b.id])
  expect(await nodes()).toEqual(['b leads', 'a'])
})

test('when what is shown of the lease is old, then a leader in doubt does not ask without a pause', async () => {
  const { clock, node, lease } = stage()
  const a = node('a')
  await clock.advance(3_000)
  const shown = lease.read()
  lease.write({ ...shown!.holder }, shown!.revision) // an answer was lost …
  a.store.shows = shown // … and a reader does not see what was written
  const readsBefore = a.store.reads
  await clock.advance(3_000)
  expect(a.store.reads - readsBefore).toBeLessThanOrEqual(3_000 / LIMITS.leaseRenewMs + 1)
  a.store.shows = undefined
  await clock.advance(LIMITS.leaseRenewMs * 2)
  expect(lease.read()?.revision).toBeGreaterThan(shown!.revision + 1)
})

test('when a node that could lead speaks another protocol, then it is refused by whoever leads', async () => {
  const { clock, node } = stage()
  node('a')
  await clock.advance(3_000)
  const b = node('b', { protocol: 9 })
  const standing = b.ask({ type: 'await-leader' })
  standing.catch(() => {})
  await clock.advance(3_000)
  expect(b.news).toMatchObject([{ type: 'refused', error: { code: 'RT1515' } }])
  await expect(standing).rejects.toMatchObject({ failure: { kind: 'failed', error: { code: 'RT1515' } } })
})
