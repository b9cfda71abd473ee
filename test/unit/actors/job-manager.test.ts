import { expect, test } from 'vitest'
import { JobIntake } from '#actors/job-intake.js'
import {
  JobManager,
  type JobManagerMessage,
  type ListRuns,
  type SubmitJob,
  type UploadBundle,
} from '#actors/job-manager.js'
import type { ActorRef } from '#src/actor/actor.js'
import { JobStore } from '#src/cluster/job-store.js'
import type { NodeInfo } from '#src/cluster/node-info.js'
import { Connectors } from '#src/connector/registry.js'
import type { JobPlan } from '#src/graph/job-plan.js'
import { RetakeError } from '#src/kit/errors.js'
import type { NodeId } from '#src/kit/ids.js'
import { LIMITS } from '#src/kit/limits.js'
import { silentLogger } from '#src/kit/logger.js'
import { seededRandom } from '#src/kit/random.js'
import { MemoryState } from '#src/testing/memory-state.js'
import { virtualSystem } from '../actor/system-fixture.js'
import { clickCount } from '../checkpoint/fixtures.js'

/** A job manager that leads; jobs are planned when the test says so. */
function stage() {
  const { clock, system } = virtualSystem()
  const random = seededRandom(1)
  const store = new JobStore({ state: new MemoryState().open(), random, wallTime: () => clock.wallTime() })
  const planned: (() => void)[] = []
  let refusal: Error | undefined
  const plan = () =>
    new Promise<JobPlan>((resolve, reject) => {
      planned.push(() => (refusal === undefined ? resolve(clickCount()) : reject(refusal)))
    })
  const connectors = async () => new Connectors({}, {})
  const own = { node: 'jm-1' as NodeId, name: 'jm' } as NodeInfo
  const lead = (name: string) =>
    system.spawn(
      name,
      new JobManager({
        own,
        term: 1,
        store,
        intake: new JobIntake({ store, planner: { plan }, connectors }),
        connectors,
        clock,
        random,
        logger: silentLogger,
        tree: () => system.tree(),
        heartbeatTimeoutMs: 25_000,
        rejoinMs: 0,
        residentBytes: () => 1,
        wallTime: () => clock.wallTime(),
        slotRequestMs: LIMITS.slotRequestMs,
        isAlone: false,
      }),
    )
  const ref = lead('manager')
  const submit = () => {
    const order = {
      bundle: 'b',
      request: { params: {} },
      fromCheckpoint: undefined,
      allowRepeatedRows: false,
      fingerprint: undefined,
    }
    const message: SubmitJob = { type: 'submit', order }
    const accepted = system.ask(ref, message, { timeoutMs: 1_000 })
    accepted.catch(() => {})
    return accepted
  }
  return {
    clock,
    submit,
    upload: (piece: unknown) => {
      const upload: UploadBundle = { type: 'upload', piece: piece as UploadBundle['piece'] }
      return system.ask(ref, upload, { timeoutMs: 1_000 })
    },
    standDown: () => system.killActor(ref),
    lead,
    refuse: (error: Error | undefined) => {
      refusal = error
    },
    list: async (manager: ActorRef<JobManagerMessage>) => {
      const list: ListRuns = { type: 'list-runs' }
      const listed = system.ask(manager, list, { timeoutMs: 1_000 })
      await clock.advance(10)
      return (await listed).map(({ isDirected }) => isDirected)
    },
    plan: async () => {
      for (const go of planned.splice(0)) go()
      await clock.advance(100)
    },
    runs: () => store.runs(),
  }
}

test('when a job is submitted and planned, then there is a run, which whoever submitted it hears', async () => {
  const { clock, submit, plan, runs } = stage()
  const accepted = submit()
  await clock.advance(10)
  expect(await runs()).toEqual([])
  await plan()
  expect(await runs()).toMatchObject([{ run: (await accepted)?.run, job: 'click-count' }])
})

test('when a client uploads what is no bundle, then it hears so, and nobody else feels it', async () => {
  const { clock, upload, submit, plan } = stage()
  const hash = 'a'.repeat(64)
  const refused = [{}, { hash, index: 0, pieces: 1, bytes: Uint8Array.of(1) }, null].map((piece) =>
    upload(piece),
  )
  const answers = Promise.allSettled(refused)
  await clock.advance(10)
  for (const answer of await answers)
    expect(answer).toMatchObject({ status: 'rejected', reason: { cause: { code: 'RT1109' } } })

  const accepted = submit()
  await clock.advance(10)
  await plan()
  expect(await accepted).toMatchObject({ plan: { name: 'click-count' } })
})

test('when another has come to lead while a job is planned, then it is not submitted here', async () => {
  const { clock, submit, plan, runs, standDown } = stage()
  submit()
  await clock.advance(10)
  standDown()
  await plan()
  expect(await runs()).toEqual([])
})

test.each([
  ['soon shows how it is, then the run goes on', LIMITS.logBehindMs / 2, [true]],
  ['never does, then the run is left alone', LIMITS.logBehindMs * 2, [false]],
])('when a run seems beyond help, and the store %s', async (_, forMs, directed) => {
  const { clock, submit, plan, standDown, lead, refuse, list } = stage()
  submit()
  await clock.advance(10)
  await plan()
  standDown()
  refuse(new RetakeError('RT1203', { what: 'a part', why: 'it is not there', fix: 'none' }))
  const next = lead('next')
  const until = clock.now() + forMs
  while (clock.now() < until) await plan()
  refuse(undefined)
  for (let i = 0; i < 30; i++) await plan()
  expect(await list(next)).toEqual(directed)
})
