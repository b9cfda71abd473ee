import { afterEach, beforeEach, expect, test } from 'vitest'
import type { JobEvent } from '#actors/job-event.js'
import { JobIntake } from '#actors/job-intake.js'
import { JobManager, RESOURCE_MANAGER, type SubmitJob } from '#actors/job-manager.js'
import type { ResourceManagerMessage } from '#actors/resource-manager.js'
import { TaskManager } from '#actors/task-manager.js'
import { WorkerSlotThreads } from '#actors/worker-slot-threads.js'
import type { ActorRef } from '#src/actor/actor.js'
import { ActorSystem } from '#src/actor/system.js'
import { MessagePortTransport } from '#src/actor/transport/message-port-transport.js'
import { JobStore } from '#src/cluster/job-store.js'
import { systemClock } from '#src/kit/clock.js'
import type { NodeId, SystemId } from '#src/kit/ids.js'
import { silentLogger } from '#src/kit/logger.js'
import { randomToken, systemRandom } from '#src/kit/random.js'
import { Cast, Followed } from './cast.js'
import { expectCounted } from './counting-oracle.js'

let cast: Cast
beforeEach(() => {
  cast = new Cast()
})
afterEach(() => cast.stop())

test('when there are too few slots, then the job waits, says so, and goes on when another job lets its slots go', async () => {
  const node = await cast.node({ slots: 2 })
  const forEver = { count: 1_000_000, rate: 1_000, output: cast.path('other') }
  const other = new Followed(await node.submit(cast.submission('counting-by-hand', forEver)))
  await other.running()
  const job = new Followed(
    await node.submit(cast.submission('counting-plain', { count: 500 }, { parallelism: 2 })),
  )
  const waiting = await job.next('status', ({ reason }) => reason?.includes('slots') ?? false)
  expect(waiting).toMatchObject({
    status: 'CREATED',
    reason: 'waiting for slots: needs 2 slots, 1 free on 1 task manager: 1 slot missing',
  })
  await other.job.cancel()
  expect((await job.job.ended).outcome).toBe('finished')
  expectCounted(cast.path('output'), 500)
})

test('when the slots never come, then the job fails with RT1511, and one canceled meanwhile is canceled', async () => {
  const node = await cast.node({ slots: 1, slotRequestMs: 600 })
  const submission = cast.submission('counting-plain', { count: 500 }, { parallelism: 2 })
  const canceled = new Followed(await node.submit(submission))
  await canceled.next('status', ({ reason }) => reason?.includes('slots') ?? false)
  await canceled.job.cancel()
  expect((await canceled.job.ended).outcome).toBe('canceled')

  const job = await node.submit(submission)
  const { outcome, error } = await job.ended
  expect([outcome, error?.code]).toEqual(['failed', 'RT1511'])
  expect(error?.why).toBe('needs 2 slots, 1 free on 1 task manager: 1 slot missing')
  const small = await node.submit(cast.submission('counting-plain', { count: 500 }))
  expect((await small.ended).outcome).toBe('finished')
})

test('when a slot is stuck in user code, then it is terminated after a cancel, and is free again', async () => {
  const node = await cast.node({ slots: 1 })
  const job = new Followed(await node.submit(cast.submission('stuck')))
  await job.next('checkpoint', ({ record }) => record.state === 'opening')
  const canceledAt = performance.now()
  await job.job.cancel()
  expect((await job.job.ended).outcome).toBe('canceled')
  expect(performance.now() - canceledAt).toBeLessThan(8_000)
  const next = await node.submit(cast.submission('counting-plain', { count: 500 }))
  expect((await next.ended).outcome).toBe('finished')
})

test('when another task manager appears, then a job that waits for slots goes on, and when one dies it restarts on the rest', async () => {
  const cluster = await Parts.start(cast)
  try {
    cluster.addTaskManager('one', 1)
    const events = await cluster.submit('counting-plain', { count: 3_000, rate: 1_500 }, 2)
    await events.until(
      ({ type, ...event }) =>
        type === 'status' && 'reason' in event && event.reason?.includes('1 slot missing') === true,
    )
    const two = cluster.addTaskManager('two', 1)
    await events.until((event) => event.type === 'checkpoint' && event.record.state === 'completed')
    cluster.addTaskManager('three', 1)
    cluster.system.killActor(two)
    const failure = await events.until((event) => event.type === 'failure')
    expect(failure).toMatchObject({ error: { code: 'RT1512' } })
    expect(await events.until((event) => event.type === 'ended')).toMatchObject({ outcome: 'finished' })
    expectCounted(cast.path('output'), 3_000)
  } finally {
    await cluster.system.stop()
  }
})

/** A job manager and task managers that come and go, as they do where each is a process. */
class Parts {
  readonly system: ActorSystem
  readonly #threads: WorkerSlotThreads
  readonly #jobManager: ActorRef<Parameters<JobManager['receive']>[0]>
  readonly #cast: Cast

  private constructor(cast: Cast, id: SystemId) {
    this.#cast = cast
    const ports = new MessagePortTransport()
    const [clock, random, logger] = [systemClock, systemRandom, silentLogger]
    this.system = new ActorSystem({ id, clock, random, logger, transports: [ports] })
    const store = new JobStore({
      directory: cast.stateDirectory,
      random,
      wallTime: () => clock.wallTime(),
    })
    this.#threads = new WorkerSlotThreads({
      system: id,
      transport: ports,
      random,
      logger,
      environment: { blobs: store.blobDirectory, nats: undefined },
    })
    const intake = new JobIntake(store, clock)
    this.#jobManager = this.system.spawn(
      'job-manager',
      new JobManager({ node: 'here' as NodeId, store, intake, clock, random, logger, slotRequestMs: 60_000 }),
    )
  }

  static async start(cast: Cast): Promise<Parts> {
    const parts = new Parts(cast, randomToken(systemRandom) as SystemId)
    await parts.system.ready
    return parts
  }

  addTaskManager(name: string, slots: number) {
    return this.system.spawn(
      name,
      new TaskManager({
        node: name as NodeId,
        slots,
        cpus: 1,
        memoryBytes: 1,
        resourceManager: {
          address: `${this.#jobManager.address}.${RESOURCE_MANAGER}`,
        } as ActorRef<ResourceManagerMessage>,
        threads: this.#threads,
      }),
    )
  }

  async submit(name: string, params: Readonly<Record<string, number>>, parallelism: number): Promise<Heard> {
    const submission = this.#cast.submission(name, params, { parallelism })
    const submit: SubmitJob = { type: 'submit', submission }
    const accepted = await this.system.ask(this.#jobManager, submit, { timeoutMs: 30_000 })
    const heard = new Heard()
    const follower = this.system.spawn<JobEvent>('follower', { receive: (event) => heard.on(event) })
    if (accepted !== undefined)
      this.system.send(this.#jobManager, { type: 'follow', run: accepted.run, follower })
    return heard
  }
}

/** Events in the order in which they came, each waited for behind the one before. */
class Heard {
  readonly #events: JobEvent[] = []
  #read = 0
  #wake: () => void = () => {}

  on(event: JobEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  async until(isWanted: (event: JobEvent) => boolean): Promise<JobEvent> {
    for (;;) {
      const event = this.#events[this.#read++]
      if (event === undefined) {
        this.#read--
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      } else if (isWanted(event)) return event
      else if (event.type === 'ended')
        throw new Error(`the job ended first: ${event.outcome} ${event.error?.message}`)
    }
  }
}
