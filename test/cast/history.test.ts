import { afterEach, beforeEach, expect, test } from 'vitest'
import { ClusterClient } from '#actors/cluster-client.js'
import type { JobDetails } from '#actors/cluster-view.js'
import { Node, type NodeOptions } from '#actors/node.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { RunHistory } from '#src/cluster/run-history.js'
import { systemClock } from '#src/kit/clock.js'
import type { RunId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { systemRandom } from '#src/kit/random.js'
import { describeWith } from '../support/describe-with.js'
import { openJetStream } from '../support/jetstream-store.js'
import { type NatsServer, startNats } from '../support/nats-server.js'
import { until } from '../support/until.js'
import { Cast, Followed } from './cast.js'

const WORLD = { clock: systemClock, random: systemRandom, logger: silentLogger }

await describeWith({ nats: 'current' }, 'the history of a run', () => {
  let cast: Cast
  let nats: NatsServer
  let nodes: Node[]
  let client: ClusterClient

  beforeEach(async () => {
    cast = new Cast()
    nodes = []
    nats = await startNats({ version: 'current', jetStream: true })
    client = await ClusterClient.connect({ nats: { servers: [nats.url] }, cluster: 'test', ...WORLD })
  })

  afterEach(async () => {
    await client.close()
    for (const one of nodes) await one.kill()
    await nats.stop()
    await cast.stop()
  })

  async function node(name: string, options: Partial<NodeOptions>): Promise<Node> {
    const cluster = { name: 'test', nats: { servers: [nats.url] } }
    const started = await Node.start({ name, slots: 2, cluster, ...options, ...WORLD })
    nodes.push(started)
    return started
  }

  /** A job that fails once, and then runs for as long as it is let. */
  async function submit(): Promise<Followed> {
    const params = { count: 1_000_000, rate: 1_000, poison: 200, once: cast.path('thrown') }
    return new Followed(await client.submit(cast.submission('counting-plain', params, { parallelism: 2 })))
  }

  /** What is written down of it, once that has the failure, what followed, and some checkpoints of that. */
  const kept = (store: JobStore, run: RunId): Promise<RunHistory> =>
    until(
      async () => {
        const history = await store.history(run).newest()
        const later = history?.checkpoints.filter(({ attempt }) => attempt === 2) ?? []
        return later.length >= 2 && history
      },
      { what: 'its history is written down' },
    )

  function expectKept({ failures, checkpoints }: JobDetails, before: RunHistory): void {
    expect(failures.slice(-before.failures.length)).toEqual(before.failures)
    expect(checkpoints.slice(-before.checkpoints.length)).toEqual(before.checkpoints)
    const ids = checkpoints.map(({ checkpoint }) => checkpoint)
    expect(ids, 'newest first, and none twice').toEqual([...new Set(ids)].sort((a, b) => b - a))
  }

  test('when the leader is killed, then the next one shows the same, what comes, and after the end all of it', async () => {
    const leader = await node('jm-1', { roles: ['job-manager'] })
    await node('jm-2', { roles: ['job-manager'] })
    await node('tm-1', { roles: ['task-manager'] })
    const job = await submit()
    const { run } = job.job
    const state = await openJetStream(nats.url, 'test')
    const before = await kept(new JobStore({ state, ...WORLD, wallTime: () => 0 }), run)
    await state.close()
    expect(before.failures).toMatchObject([{ attempt: 1, error: { code: 'RT1601' } }])
    expect(before.attempts).toMatchObject([{ attempt: 2 }, { attempt: 1, from: 0, ended: { how: 'failed' } }])

    await leader.kill()
    const after = await until(
      async () => {
        const details = await client.job(run)
        const isAdopted = details.status === 'RUNNING' && details.reason === undefined
        return isAdopted && details.checkpoints.some(({ checkpoint }) => checkpoint > 64) && details
      },
      { what: 'the other one leads, and takes checkpoints' },
    )
    expectKept(after, before)
    expect(after.attempts).toEqual(before.attempts)

    await job.job.cancel()
    expect((await job.job.ended).outcome).toBe('canceled')
    const ended = await client.job(run)
    expect(ended.status).toBe('CANCELED')
    expectKept(ended, before)
    expect(ended.checkpoint).toMatchObject({ state: 'completed' })
    expect(ended.attempts).toMatchObject([{ attempt: 2, ended: { how: 'canceled' } }, before.attempts[1]])
    expect(ended.checkpoints.length).toBeGreaterThanOrEqual(after.checkpoints.length - 1)
  })

  test('when the whole cluster is started again, then its history is there, also of a run that has ended', async () => {
    const all = { roles: ['job-manager', 'task-manager'], stateDirectory: cast.stateDirectory } as const
    await node('all-1', all)
    const job = await submit()
    const { run } = job.job
    const before = await kept(cast.store(), run)

    for (const one of nodes.splice(0)) await one.kill()
    await node('all-2', all)
    const after = await until(
      async () => {
        const details = await client.job(run)
        return details.attempt === 3 && details.status === 'RUNNING' && details
      },
      { what: 'it runs again' },
    )
    expectKept(after, before)
    expect(after.attempts).toMatchObject([
      { attempt: 3, ended: undefined },
      { attempt: 2, startedAt: before.attempts[0]?.startedAt, ended: { how: 'given-up' } },
      before.attempts[1],
    ])

    await job.job.cancel()
    await job.job.ended
    const ended = await client.job(run)
    for (const one of nodes.splice(0)) await one.kill()
    await node('all-3', all)
    const later = await client.job(run)
    expect(later).toEqual(ended)
    expectKept(later, before)
    expect(later.attempts).toMatchObject([{ attempt: 3, ended: { how: 'canceled' } }, {}, {}])
  })
})
