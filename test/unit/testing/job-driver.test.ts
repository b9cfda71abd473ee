import { describe, expect, test } from 'vitest'
import {
  consoleSink,
  type Duration,
  file,
  generator,
  hash,
  type Job,
  type JobOptions,
  job,
  of,
  operator,
  type Sink,
  type Stream,
  state,
  topology,
} from '#src/api/index.js'
import { postgres } from '#src/api/postgres.js'
import type { RetakeError } from '#src/kit/errors.js'
import { type JobRun, type Logger, type Script, scripted, testJob } from '#src/testing/index.js'

interface Click {
  readonly user: string
  readonly page: string
}

interface Count {
  readonly user: string
  readonly clicks: number
}

type Guarantee = 'exactly-once' | 'at-least-once'

/** Checkpoints come when the test takes them. */
const OPTIONS = { checkpoint: { interval: '1h' } } as const satisfies JobOptions
const START = 1_700_000_000_000

const clickSource = () => generator.source({ make: (): Click => clickOf('nobody') })
const table = (guarantee: Guarantee = 'exactly-once') =>
  postgres.sink({
    database: 'postgres://nowhere',
    table: 'counts',
    key: ['user'],
    columns: { user: { from: 'user', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
    guarantee,
  })
const counted = (clicks: Stream<Click>, combine?: Duration) =>
  clicks
    .map(({ user }) => ({ user, clicks: 1 }))
    .keyBy((row) => row.user)
    .sum('count', 'clicks', { combine })

/** Clicks of each user. */
const counting = (guarantee?: Guarantee, options: JobOptions<never> = OPTIONS, combine?: Duration) =>
  job('clicks', options, (flow) =>
    counted(flow.from('clicks', clickSource()), combine).to('table', table(guarantee)),
  )

/** The same, and senders combine. */
const combining = (combine: Duration, guarantee?: Guarantee) => counting(guarantee, OPTIONS, combine)

/** What becomes of single clicks. */
const clicksJob = (
  build: (clicks: Stream<Click>) => Stream<unknown>,
  { sink = consoleSink(), ...options }: JobOptions<never> & { readonly sink?: Sink<unknown> } = {},
) =>
  job('clicks', { ...OPTIONS, ...options }, (flow) =>
    build(flow.from('clicks', clickSource())).to('out', sink),
  )

describe('a crash', () => {
  test.each([1, 2, 3])(
    'when a task manager crashes at parallelism %d, then each click counts once',
    async (parallelism) => {
      const clicks = scripted(clicksOf('ann', 'bob', 'ann', 'cid'))
      const run = await testJob(counting(), { sources: { clicks }, parallelism })
      await run.checkpoint()
      clicks.add(...clicksOf('ann', 'dan'))
      await run.advance('1s')

      run.crash()
      clicks.add(...clicksOf('bob'))
      await run.untilRunning()
      await run.checkpoint()
      expect(countsOf(run)).toEqual({ ann: 3, bob: 2, cid: 1, dan: 1 })
      expect(run.attempt).toBe(2)
      expect(run.failures).toMatchObject([{ attempt: 1, error: { code: 'RT1512' } }])
      // Rows too: what was committed before the crash was not committed again.
      expect(committedOf(run)).toEqual(
        sorted(['ann 1', 'ann 2', 'ann 3', 'bob 1', 'bob 2', 'cid 1', 'dan 1']),
      )
    },
  )

  test.each([1, 2])(
    'when the job manager crashes at parallelism %d, then each click counts once',
    async (parallelism) => {
      const clicks = scripted(clicksOf('ann', 'bob'))
      const run = await testJob(counting(), { sources: { clicks }, parallelism })
      await run.checkpoint()
      clicks.add(...clicksOf('ann'))
      await run.advance('1s')

      run.crash('job-manager')
      clicks.add(...clicksOf('ann'))
      await run.untilRunning()
      await run.checkpoint()
      expect(countsOf(run)).toEqual({ ann: 3, bob: 1 })
      expect(committedOf(run)).toEqual(['ann 1', 'ann 2', 'ann 3', 'bob 1'])
    },
  )

  test('when it comes before any checkpoint, then the job begins anew', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted(clicksOf('ann')) } })
    await run.advance('1s')
    run.crash()
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 1 })
  })

  test('when one follows another, then the job recovers from each', async () => {
    const clicks = scripted<Click>()
    const run = await testJob(counting(), { sources: { clicks }, parallelism: 2 })
    for (let crashes = 1; crashes <= 4; crashes++) {
      clicks.add(...clicksOf('ann', 'bob'))
      if (crashes % 2 === 0) await run.checkpoint()
      run.crash(crashes === 3 ? 'job-manager' : 'task-manager')
      await run.untilRunning({ within: '5m' })
    }
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 4, bob: 4 })
  })

  test('when no time has passed since, then nobody has noticed, and waiting waits for a later attempt', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted<Click>() } })
    const crashedAt = run.now()
    run.crash()
    expect(run.status).toBe('RUNNING')
    await run.untilRunning()
    expect(run.attempt).toBe(2)
    expect(run.now()).toBeGreaterThan(crashedAt + 500)
  })

  test('when nothing of the job runs, then there is none, and the test is told', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted<Click>() }, parallelism: 2 })
    run.crash()
    run.crash()
    expect(thrownBy(() => run.crash())).toMatchObject({
      code: 'RT1801',
      what: 'a task manager that runs the job was to crash, and there is none',
    })
  })

  test('when the job allows no restart, then it fails, and waiting for it says why', async () => {
    const strict = counting('exactly-once', { ...OPTIONS, restart: { type: 'none' } })
    const run = await testJob(strict, { sources: { clicks: scripted<Click>() } })
    run.crash()
    const error = await rejectedBy(run.untilRunning())
    expect(error).toMatchObject({ code: 'RT1801', cause: { code: 'RT1512' } })
    expect(error.why).toContain(
      'it is FAILED, at attempt 1, and its newest checkpoint is 0; the newest failure: RT1512',
    )
    expect(run.status).toBe('FAILED')
  })
})

describe('what sinks show', () => {
  test('when a sink is exactly-once, then its records show at a checkpoint, and once', async () => {
    const run = await testJob(counting('exactly-once'), { sources: { clicks: scripted(clicksOf('ann')) } })
    await run.advance('5s')
    expect(run.sink('table').committed()).toEqual([])

    await run.checkpoint()
    expect(run.sink('table').committed()).toEqual([{ user: 'ann', clicks: 1 }])

    run.crash()
    await run.untilRunning()
    await run.checkpoint()
    expect(run.sink('table').committed()).toEqual([{ user: 'ann', clicks: 1 }])
  })

  test('when an attempt is not the first, then it takes a checkpoint by itself', async () => {
    const run = await testJob(counting('exactly-once'), { sources: { clicks: scripted(clicksOf('ann')) } })
    run.crash()
    await run.untilRunning()
    await run.advance('1s')
    expect(run.sink('table').committed()).toEqual([{ user: 'ann', clicks: 1 }])
  })

  test('when a sink is at-least-once, then its records show at once, and again after a crash', async () => {
    const run = await testJob(counting('at-least-once'), { sources: { clicks: scripted(clicksOf('ann')) } })
    await run.advance('1s')
    expect(run.sink('table').committed()).toEqual([{ user: 'ann', clicks: 1 }])

    run.crash()
    await run.untilRunning()
    await run.advance('1s')
    expect(run.sink('table').committed()).toEqual([
      { user: 'ann', clicks: 1 },
      { user: 'ann', clicks: 1 },
    ])
    expect(run.sink('table').rows()).toEqual([{ user: 'ann', clicks: 1 }])
  })

  test('when the interval of its checkpoints passes, then the job takes them by itself', async () => {
    const often = counting('exactly-once', { checkpoint: { interval: '2s' } })
    const run = await testJob(often, { sources: { clicks: scripted(clicksOf('ann')) } })
    expect(countsOf(run)).toEqual({})
    await run.advance('3s')
    expect(countsOf(run)).toEqual({ ann: 1 })
  })

  test('when a sink has a key, then rows are sorted by it, whatever came first', async () => {
    const clicks = scripted(clicksOf('dan', 'ann', 'cid', 'ann'))
    const run = await testJob(counting(), { sources: { clicks }, parallelism: 2 })
    await run.checkpoint()
    expect(
      run
        .sink<Count>('table')
        .rows()
        .map(({ user }) => user),
    ).toEqual(['ann', 'cid', 'dan'])
  })

  test('when a sink has no key, then it has records and no rows', async () => {
    const run = await testJob(
      clicksJob((clicks) => clicks),
      { sources: { clicks: scripted(clicksOf('ann')) } },
    )
    await run.advance('1s')
    expect(run.sink('out').committed()).toEqual(clicksOf('ann'))
    expect(thrownBy(() => run.sink('out').rows()).code).toBe('RT1801')
  })

  test('when a record cannot be written as bytes, then the job fails for it', async () => {
    const broken = clicksJob((clicks) => clicks.map(() => ({ f: () => 1 })))
    const clicks = scripted<Click>()
    const run = await testJob(broken, { sources: { clicks } })
    clicks.add(clickOf('ann'))
    await run.until(() => run.status === 'FAILED')
    expect(run.failures.at(-1)?.error).toMatchObject({ code: 'RT1614' })
  })
})

describe('scripts', () => {
  test('when records are added later, then whoever reads them wakes', async () => {
    const clicks = scripted(clicksOf('ann'))
    const run = await testJob(counting('at-least-once'), { sources: { clicks } })
    await run.advance('1m')
    clicks.add(clickOf('ann'), clickOf('bob'))
    await run.advance('100ms')
    expect(countsOf(run)).toEqual({ ann: 2, bob: 1 })
  })

  test('when a script has several splits, then all are read, wherever they lie', async () => {
    const clicks = scripted(clicksOf('ann', 'bob'), [], clicksOf('ann'), clicksOf('cid'), clicksOf('ann'))
    const run = await testJob(counting(), { sources: { clicks }, parallelism: 3 })
    clicks.addTo(1, clickOf('cid')).addTo(4, clickOf('dan'))
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 3, bob: 1, cid: 2, dan: 1 })

    run.crash()
    clicks.addTo(0, clickOf('ann'))
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 4, bob: 1, cid: 2, dan: 1 })
  })

  test('when much is added at once, then a checkpoint holds all of it', async () => {
    const clicks = scripted<Click>()
    const run = await testJob(counting(), { sources: { clicks }, parallelism: 2 })
    clicks.add(...clicksOf(...Array.from({ length: 50_000 }, (_, n) => `user ${n % 7}`)))
    await run.checkpoint()
    expect(Object.values(countsOf(run)).reduce((sum, n) => sum + n, 0)).toBe(50_000)
  })

  test('when a job has several sources, then each reads its own', async () => {
    const both = job('clicks', OPTIONS, (flow) =>
      counted(flow.from('web', clickSource()).union(flow.from('app', clickSource()))).to('table', table()),
    )
    const sources = { web: scripted(clicksOf('ann')), app: scripted(clicksOf('ann', 'bob')) }
    const run = await testJob(both, { sources, parallelism: 2 })
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 2, bob: 1 })
  })

  test('when all have ended, then the job finishes, with everything committed', async () => {
    const clicks = scripted(clicksOf('ann'), clicksOf('ann'))
    const run = await testJob(counting(), { sources: { clicks }, parallelism: 3 })
    clicks.addTo(1, clickOf('bob')).end()
    await run.untilFinished()
    expect(run.status).toBe('FINISHED')
    expect(countsOf(run)).toEqual({ ann: 2, bob: 1 })
    expect((await rejectedBy(run.checkpoint())).why).toContain('it is FINISHED')
  })

  test('when a crash comes after the end, then the job finishes all the same', async () => {
    const clicks = scripted(clicksOf('ann', 'bob')).end()
    const slow = clicksJob((all) =>
      all
        .keyBy(({ user }) => user)
        .process('late', {
          onRecord: (_, ctx) => ctx.timers.in('5s'),
          *onTimer(_, ctx) {
            yield ctx.key
          },
        }),
    )
    const run = await testJob(slow, { sources: { clicks } })
    run.crash()
    await run.untilFinished()
    expect(run.attempt).toBeGreaterThan(1)
  })

  test('when one has not ended, then the job does not finish, and waiting for it says where it stands', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted<Click>() } })
    const error = await rejectedBy(run.untilFinished({ within: '10s' }))
    expect(error).toMatchObject({
      code: 'RT1801',
      what: 'within 10 s the job was to finish',
      why: 'it is RUNNING, at attempt 1, and its newest checkpoint is 0',
    })
    expect(error.where).toMatch(/job-driver\.test\.ts:\d+$/)
  })

  test('when records are given to it, then they are frozen, all the way down', () => {
    const [first, second] = [{ pages: ['/'] }, { pages: ['/x'] }]
    scripted([first]).add(second)
    for (const { pages } of [first, second]) expect(Object.isFrozen(pages)).toBe(true)
  })

  test('when it is wrongly added to, then it says so', () => {
    const two = scripted<Click>([], [])
    expect(thrownBy(() => two.add(clickOf('ann'))).why).toBe('it has 2 splits')
    expect(thrownBy(() => two.addTo(2, clickOf('ann'))).why).toBe('it has splits 0 … 1')
    expect(thrownBy(() => scripted<Click>().addTo(1)).code).toBe('RT1801')
    expect(thrownBy(() => two.end().addTo(0, clickOf('ann'))).code).toBe('RT1801')
  })
})

describe('what senders combine', () => {
  test('when no checkpoint comes, then it goes after its latency, and one update for all of it', async () => {
    const clicks = scripted<Click>()
    const run = await testJob(combining('5s', 'at-least-once'), { sources: { clicks } })
    clicks.add(...clicksOf('ann', 'bob', 'ann'))
    await run.advance('4s')
    expect(committedOf(run)).toEqual([])
    clicks.add(...clicksOf('ann'))
    await run.advance('2s')
    expect(committedOf(run)).toEqual(['ann 3', 'bob 1'])
  })

  test('when a checkpoint comes first, then it holds all of it', async () => {
    const clicks = scripted(clicksOf('ann', 'bob', 'ann'))
    const run = await testJob(combining('10m'), { sources: { clicks } })
    await run.checkpoint()
    clicks.add(...clicksOf('ann'))
    await run.checkpoint()
    expect(committedOf(run)).toEqual(['ann 2', 'ann 3', 'bob 1'])
  })

  test('when the input ends, then it goes before', async () => {
    const clicks = scripted(clicksOf('ann', 'bob', 'ann')).end()
    const run = await testJob(combining('10m'), { sources: { clicks }, parallelism: 2 })
    await run.untilFinished()
    expect(countsOf(run)).toEqual({ ann: 2, bob: 1 })
  })

  test('when processes crash while much is held, then each click of two senders counts once', async () => {
    const users = Array.from({ length: 40 }, (_, i) => `user-${i % 7}`)
    const clicks = scripted(clicksOf(...users), clicksOf(...users))
    const run = await testJob(combining('300ms'), { sources: { clicks }, parallelism: 2 })
    for (let round = 0; round < 6; round++) {
      clicks.addTo(round % 2, ...clicksOf(...users))
      if (round % 3 === 1) await run.checkpoint()
      await run.advance('100ms')
      run.crash(round === 3 ? 'job-manager' : 'task-manager')
      clicks.addTo(1, ...clicksOf(...users))
      await run.untilRunning({ within: '5m' })
    }
    await run.checkpoint()
    const expected = users.concat(...Array.from({ length: 13 }, () => users))
    expect(countsOf(run)).toEqual(tallyOf(expected))
  })
})

describe('a new version', () => {
  /** Two clicks of ann are counted in a checkpoint, another was read after it. */
  const stopped = async (clicks: Script<Click>, version: Job = counting()) => {
    const run = await testJob(version, { sources: { clicks }, parallelism: 2 })
    clicks.add(...clicksOf('ann', 'ann', 'bob'))
    await run.checkpoint()
    clicks.add(...clicksOf('ann'))
    await run.advance('1s')
    return run.stop()
  }

  test.each([1, 3])(
    'when it restores at parallelism %d, then state, positions and tables go on',
    async (parallelism) => {
      const clicks = scripted<Click>()
      const restoreFrom = await stopped(clicks)
      const withoutBots = job('clicks', OPTIONS, (flow) =>
        counted(flow.from('clicks', clickSource()).filter(({ user }) => user !== 'bot')).to('table', table()),
      )
      clicks.add(...clicksOf('bot', 'cid'))

      const run = await testJob(withoutBots, { sources: { clicks }, parallelism, restoreFrom })
      expect(run.now()).toBeGreaterThanOrEqual(restoreFrom.takenAt)
      await run.checkpoint()
      expect(countsOf(run)).toEqual({ ann: 3, bob: 1, cid: 1 })
      expect(committedOf(run)).toEqual(['ann 1', 'ann 2', 'ann 3', 'bob 1', 'cid 1'])

      clicks.add(...clicksOf('ann'))
      run.crash()
      await run.checkpoint()
      expect(countsOf(run)).toEqual({ ann: 4, bob: 1, cid: 1 })
    },
  )

  test.each([
    ['begins to combine', counting(), combining('10m')],
    ['combines no more', combining('10m'), counting()],
  ])('when it %s, then state goes on, and nothing that was held is lost', async (_, before, after) => {
    const clicks = scripted<Click>()
    const restoreFrom = await stopped(clicks, before)
    clicks.add(...clicksOf('ann', 'bob'))
    const run = await testJob(after, { sources: { clicks }, parallelism: 3, restoreFrom })
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 4, bob: 2 })
  })

  test('when two go on from one snapshot, then neither sees the other, nor does a copy of it differ', async () => {
    const clicks = scripted<Click>()
    const snapshot = await stopped(clicks)
    const one = await testJob(counting(), { sources: { clicks }, restoreFrom: snapshot })
    await one.checkpoint()
    clicks.add(clickOf('ann'))
    const other = await testJob(counting(), { sources: { clicks }, restoreFrom: structuredClone(snapshot) })
    await other.checkpoint()
    expect(countsOf(one)).toEqual({ ann: 3, bob: 1 })
    expect(countsOf(other)).toEqual({ ann: 4, bob: 1 })
  })

  test('when a third follows the second, then it goes on from that', async () => {
    const clicks = scripted<Click>()
    const second = await testJob(counting(), { sources: { clicks }, restoreFrom: await stopped(clicks) })
    await second.checkpoint()
    const third = await testJob(counting(), { sources: { clicks }, restoreFrom: await second.stop() })
    clicks.add(clickOf('ann'))
    await third.checkpoint()
    expect(committedOf(third)).toEqual(['ann 1', 'ann 2', 'ann 3', 'ann 4', 'bob 1'])
  })

  test('when the job had no checkpoint, then the new version begins where it began', async () => {
    const clicks = scripted(clicksOf('ann'))
    const run = await testJob(counting(), { sources: { clicks } })
    const snapshot = await run.stop()
    expect(snapshot.checkpoint).toBe(0)
    const next = await testJob(counting(), { sources: { clicks }, restoreFrom: snapshot })
    await next.checkpoint()
    expect(countsOf(next)).toEqual({ ann: 1 })
  })

  test('when an operator with state has another id, then the restore is refused as in a cluster', async () => {
    const clicks = scripted<Click>()
    const restoreFrom = await stopped(clicks)
    const renamed = job('clicks', OPTIONS, (flow) =>
      flow
        .from('clicks', clickSource())
        .map(({ user }) => ({ user, clicks: 1 }))
        .keyBy((row) => row.user)
        .sum('total', 'clicks')
        .to('table', table()),
    )
    const error = await rejectedBy(testJob(renamed, { sources: { clicks }, restoreFrom }))
    expect(error).toMatchObject({ code: 'RT1206' })
    expect(error.what).toContain('holds state of "count", which the job has not')
  })

  test('when it asks for another number of key groups, then the restore is refused', async () => {
    const clicks = scripted<Click>()
    const restoreFrom = await stopped(clicks)
    const other = counting('exactly-once', { ...OPTIONS, maxParallelism: 7 })
    expect((await rejectedBy(testJob(other, { sources: { clicks }, restoreFrom }))).code).toBe('RT1205')
  })

  test('when a source has another connector, then the restore is refused', async () => {
    const clicks = scripted<Click>()
    const restoreFrom = await stopped(clicks)
    const fromFiles = job('clicks', OPTIONS, (flow) =>
      counted(flow.from('clicks', file.source({ path: 'clicks' })) as Stream<Click>).to('table', table()),
    )
    const error = await rejectedBy(testJob(fromFiles, { sources: { clicks }, restoreFrom }))
    expect(error.code).toBe('RT1208')
  })

  test('when a sink has another connector and staged rows wait for it, then the restore is refused', async () => {
    const clicks = scripted<Click>()
    const restoreFrom = await stopped(clicks)
    const toFiles = job('clicks', OPTIONS, (flow) =>
      counted(flow.from('clicks', clickSource())).to('table', file.sink({ path: 'counts' })),
    )
    const error = await rejectedBy(testJob(toFiles, { sources: { clicks }, restoreFrom }))
    expect(error.code).toBe('RT1208')
    expect(error.what).toContain('is now file, exactly-once')
  })

  test('when a script is not what was read, then the restore is refused', async () => {
    const restoreFrom = await stopped(scripted<Click>())
    const shorter = { clicks: scripted(clicksOf('ann')) }
    const error = await rejectedBy(testJob(counting(), { sources: shorter, restoreFrom }))
    expect(error).toMatchObject({
      code: 'RT1801',
      what: 'source "clicks" was to go on at record 3 of split 0 of its script',
      why: 'the script has 1 there',
    })
    const split = { clicks: scripted(clicksOf('ann', 'ann', 'bob'), []) }
    const refused = await rejectedBy(testJob(counting(), { sources: split, restoreFrom }))
    expect(refused.code).toBe('RT1210')
    expect(refused.what).toContain('its script had 1 split and now has 2 splits')
  })

  test('when it is of another job, then the test is told', async () => {
    const restoreFrom = await stopped(scripted<Click>())
    const error = await rejectedBy(
      testJob(
        job('visits', OPTIONS, (flow) => counted(flow.from('clicks', clickSource())).to('table', table())),
        {
          sources: { clicks: scripted<Click>() },
          restoreFrom,
        },
      ),
    )
    expect(error).toMatchObject({
      code: 'RT1801',
      what: 'the job "visits" was to go on from a snapshot of "clicks"',
    })
  })
})

describe('user code', () => {
  const throwing = (options: JobOptions<never>) =>
    clicksJob(
      (clicks) =>
        clicks.map((click) => {
          if (click.user === 'mallory') throw new TypeError('no such user')
          return click
        }),
      options,
    )

  test('when it throws, then the job restarts, and its failures name the line and the record', async () => {
    const clicks = scripted<Click>()
    const run = await testJob(throwing({}), { sources: { clicks } })
    clicks.add(clickOf('mallory'))
    await run.until(() => run.failures.length >= 2)
    const [first] = run.failures
    expect(first).toMatchObject({ attempt: 1, error: { code: 'RT1601', cause: { name: 'TypeError' } } })
    const error = first?.error as RetakeError
    expect(error.where).toMatch(/job-driver\.test\.ts:\d+$/)
    expect(error.why).toContain('no such user, at the record {"user":"mallory"')
    expect((error.cause as Error).stack).toContain('job-driver.test.ts')
    expect(first?.at).toBeGreaterThanOrEqual(START)
    await run.until(() => run.status === 'RESTARTING')
  })

  test('when it throws and the strategy gives up, then the job fails', async () => {
    const clicks = scripted<Click>()
    const restart = { type: 'fixed-delay', attempts: 2, delay: '1s' } as const
    const run = await testJob(throwing({ restart }), { sources: { clicks } })
    clicks.add(clickOf('mallory'))
    const error = await rejectedBy(run.untilFinished())
    expect(error.cause).toMatchObject({ code: 'RT1601' })
    expect(run.status).toBe('FAILED')
    expect(run.failures.map(({ attempt }) => attempt)).toEqual([1, 2, 3])
    expect((await run.stop()).checkpoint).toBe(0)
  })

  test('when it changes its input, then it throws', async () => {
    const changing = clicksJob((clicks) =>
      clicks.map((click) => {
        ;(click as { user: string }).user = 'changed'
        return click
      }),
    )
    const clicks = scripted<Click>()
    const run = await testJob(changing, { sources: { clicks } })
    clicks.add(clickOf('ann'))
    await run.until(() => run.failures.length > 0)
    expect(run.failures[0]?.error.message).toContain('Cannot assign to read only property')
  })

  test('when it changes what came over a channel, or what it has emitted, then it throws', async () => {
    const last = { last: state.value('') }
    const mutating = (when: 'received' | 'emitted') =>
      clicksJob((clicks) =>
        clicks
          .keyBy(({ user }) => user)
          .process('changing', {
            emits: of<{ pages: string[] }>(),
            state: last,
            onRecord(click, _, emit) {
              if (when === 'received') (click as { page: string }).page = 'changed'
              const row = { pages: [click.page] }
              emit(row)
              row.pages.push('more')
            },
          }),
      )
    for (const [when, told] of [
      ['received', 'read only property'],
      ['emitted', 'object is not extensible'],
    ] as const) {
      const clicks = scripted<Click>()
      const run = await testJob(mutating(when), { sources: { clicks }, parallelism: 2 })
      clicks.add(clickOf('ann'))
      await run.until(() => run.failures.length > 0)
      expect(run.failures[0]?.error.message).toContain(told)
    }
  })

  test('when it keeps timers, then they fire on virtual time, and after a crash when they are due', async () => {
    const startedAt: number[] = []
    const late = clicksJob((clicks) =>
      clicks
        .keyBy(({ user }) => user)
        .process('late', {
          state: { since: state.value(0) },
          onRecord(_, ctx) {
            startedAt.push(ctx.now())
            ctx.state.since.set(ctx.now())
            ctx.timers.in('1h')
          },
          *onTimer({ at }, ctx) {
            yield { user: ctx.key, afterMs: at - ctx.state.since.get() }
          },
        }),
    )
    const clicks = scripted(clicksOf('ann'))
    const run = await testJob(late, { sources: { clicks } })
    await run.checkpoint()
    expect(startedAt.every(Number.isInteger)).toBe(true)
    await run.advance('30m')
    run.crash()
    await run.advance('29m')
    expect(run.sink('out').committed()).toEqual([])
    await run.advance('1m')
    expect(run.sink('out').committed()).toEqual([{ user: 'ann', afterMs: 3_600_000 }])
  })

  test('when operators have ports, then they run as in a job', async () => {
    const Split = operator({
      receives: { click: of<Click>() },
      emits: { home: of<Click>(), other: of<Click>() },
      on: {
        click: (click, ctx) => (click.page === '/' ? ctx.emit.home(click) : ctx.emit.other(click)),
      },
    })
    const ported = topology('ported', OPTIONS, (t) => {
      const clicks = t.source('clicks', clickSource())
      const split = t.operator('split', Split)
      t.connect(
        clicks.out,
        split.in.click,
        hash((click) => click.user),
      )
      t.connect(split.out.home, t.sink('home', consoleSink()).in)
      t.connect(split.out.other, t.sink('other', consoleSink()).in)
    })
    const clicks = scripted([clickOf('ann'), clickOf('ann', '/x'), clickOf('bob')])
    const run = await testJob(ported, { sources: { clicks }, parallelism: 2 })
    await run.checkpoint()
    expect(run.sink<Click>('home').committed()).toHaveLength(2)
    expect(run.sink('other').committed()).toEqual([clickOf('ann', '/x')])
  })
})

describe('a run', () => {
  test('when it is made again with the same seed, then the same happens at the same times', async () => {
    const story = async (seed: number) => {
      const lines: string[] = []
      const clicks = scripted(clicksOf('ann', 'bob', 'cid'))
      const run = await testJob(counting(), {
        sources: { clicks },
        parallelism: 3,
        seed,
        logger: loggerTo((line) => lines.push(line)),
      })
      lines.push(`runs at ${run.now()}`)
      await run.checkpoint()
      run.crash()
      await run.untilRunning()
      run.crash('job-manager')
      await run.untilRunning()
      await run.checkpoint()
      expect(countsOf(run)).toEqual({ ann: 1, bob: 1, cid: 1 })
      return [...lines, run.now()]
    }
    const [first, again, other] = [await story(7), await story(7), await story(8)]
    expect(first.length).toBeGreaterThan(5)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('when it starts, then at the time that it is told', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted<Click>() }, now: 5_000 })
    expect(run.now()).toBeGreaterThanOrEqual(5_000)
    expect(run.now()).toBeLessThan(10_000)
  })

  test('when parameters are not what the job takes, then it is refused as in a cluster', async () => {
    const withParams = job('clicks', OPTIONS, (flow) =>
      counted(flow.from('clicks', clickSource()).filter(({ page }) => page === flow.params['page'])).to(
        'table',
        table(),
      ),
    )
    const reading = job('clicks', OPTIONS, (flow) => {
      const { page } = flow.params
      counted(flow.from('clicks', clickSource()).filter((click) => click.page === page)).to('table', table())
    })
    const clicks = scripted(clicksOf('ann'))
    expect((await rejectedBy(testJob(reading, { sources: { clicks } }))).code).toBe('RT1705')
    const run = await testJob(withParams, { sources: { clicks }, params: { page: '/' } })
    await run.checkpoint()
    expect(countsOf(run)).toEqual({ ann: 1 })
  })

  test('when scripts and ids do not match, then the test is told which there are', async () => {
    const clicks = scripted<Click>()
    expect(await rejectedBy(testJob(counting(), { sources: { clicks, visits: clicks } }))).toMatchObject({
      code: 'RT1801',
      what: 'a script was given for source "visits"',
      why: 'the job has clicks',
    })
    expect(await rejectedBy(testJob(counting(), { sources: {} }))).toMatchObject({
      code: 'RT1801',
      what: 'source "clicks" has no script',
      fix: 'give sources: { clicks: scripted([…]) }',
    })
    const run = await testJob(counting(), { sources: { clicks } })
    expect(thrownBy(() => run.sink('tabel'))).toMatchObject({ code: 'RT1801', why: 'the job has table' })
  })

  test('when what is waited for does not come, then its own time is up', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted<Click>() } })
    const startedAt = run.now()
    const error = await rejectedBy(run.until(() => countsOf(run)['ann'] === 1, { within: '20s' }))
    expect(error.what).toBe('within 20 s the job was to come to what was waited for')
    expect(run.now() - startedAt).toBe(20_000)
  })

  test('when it is stopped, then nothing of it happens any more', async () => {
    const clicks = scripted<Click>()
    const run = await testJob(counting('at-least-once'), { sources: { clicks } })
    await run.stop()
    expect(run.status).toBe('CANCELED')
    clicks.add(clickOf('ann'))
    await run.advance('1m')
    expect(countsOf(run)).toEqual({})
  })

  test('when it is closed, then nothing of it happens any more', async () => {
    const often = counting('exactly-once', { checkpoint: { interval: '2s' } })
    const run = await testJob(often, { sources: { clicks: scripted(clicksOf('ann')) } })
    run.close()
    await run.advance('1m')
    expect(countsOf(run)).toEqual({})
  })

  test('when the job manager is down while it is stopped, then it is stopped by the next one', async () => {
    const run = await testJob(counting(), { sources: { clicks: scripted(clicksOf('ann')) } })
    await run.checkpoint()
    run.crash('job-manager')
    const snapshot = await run.stop()
    expect(snapshot.checkpoint).toBeGreaterThan(0)
    expect(run.status).toBe('CANCELED')
  })
})

function clickOf(user: string, page = '/'): Click {
  return { user, page }
}

function clicksOf(...users: readonly string[]): Click[] {
  return users.map((user) => clickOf(user))
}

function tallyOf(users: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const user of users) counts[user] = (counts[user] ?? 0) + 1
  return counts
}

function countsOf(run: JobRun): Record<string, number> {
  return Object.fromEntries(
    run
      .sink<Count>('table')
      .rows()
      .map(({ user, clicks }) => [user, clicks]),
  )
}

function committedOf(run: JobRun): string[] {
  return sorted(
    run
      .sink<Count>('table')
      .committed()
      .map(({ user, clicks }) => `${user} ${clicks}`),
  )
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort()
}

function thrownBy(call: () => unknown): RetakeError {
  try {
    call()
  } catch (error) {
    return error as RetakeError
  }
  throw new Error('nothing was thrown')
}

async function rejectedBy(promise: Promise<unknown>): Promise<RetakeError> {
  return promise.then(
    () => {
      throw new Error('nothing was thrown')
    },
    (error) => error as RetakeError,
  )
}

function loggerTo(add: (line: string) => void): Logger {
  const log = (fields: object, message: string) => add(`${message} ${JSON.stringify(fields)}`)
  return { debug: log, info: log, warn: log, error: log, with: () => loggerTo(add) }
}
