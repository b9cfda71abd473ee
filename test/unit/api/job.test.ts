import * as v from 'valibot'
import { expect, test } from 'vitest'
import { file, isJob, job, RetakeError, secret } from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'
import { planOf } from '#src/graph/plan-of.js'
import { planText } from '#src/graph/plan-text.js'

const Click = v.object({ userId: v.string(), url: v.string(), ts: v.number(), loggedIn: v.boolean() })

const clickCount = job('click-count', { checkpoint: { interval: '5s' } }, (flow) =>
  flow
    .from('clicks', kafka.source({ brokers: flow.params['brokers'], topic: 'clicks', schema: Click }))
    .filter((click) => click.loggedIn)
    .map((click) => ({ userId: click.userId, clicks: 1 }))
    .keyBy((row) => row.userId)
    .sum('count', 'clicks')
    .to(
      'table',
      postgres.sink({
        database: secret('database'),
        table: 'click_counts',
        key: ['user_id'],
        columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
        guarantee: 'exactly-once',
      }),
    ),
)

test('when the job of the README is planned, then it is two vertices of two subtasks', () => {
  const plan = planOf(clickCount.build({ params: { brokers: 'a:1,b:2' }, parallelism: 2 }))
  expect(plan.vertices.map(({ name, parallelism }) => [name, parallelism])).toEqual([
    ['clicks → filter-1 → map-1', 2],
    ['count → table', 2],
  ])
  expect(plan.vertices[0]?.operators[0]).toEqual({
    id: 'clicks',
    kind: 'source',
    where: expect.stringMatching(/job\.test\.ts:13$/),
    connector: { name: 'kafka', options: { brokers: ['a:1', 'b:2'], topic: 'clicks' } },
  })
  expect(plan.vertices[1]?.operators[1]?.connector).toEqual({
    name: 'postgres',
    options: {
      database: { '~secret': 'database' },
      table: 'click_counts',
      key: ['user_id'],
      columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
      mode: 'upsert',
      guarantee: 'exactly-once',
    },
    guarantee: 'exactly-once',
  })
  expect(plan.checkpoint).toEqual({
    mode: 'exactly-once',
    intervalMs: 5_000,
    timeoutMs: 600_000,
    minPauseMs: 0,
    maxConcurrent: 1,
    tolerableFailures: 0,
    retained: 3,
  })
  expect(plan.restart).toEqual({
    type: 'exponential-delay',
    initialBackoff: 1_000,
    maxBackoff: 60_000,
    backoffMultiplier: 1.5,
    resetBackoffThreshold: 3_600_000,
    jitterFactor: 0.1,
  })
  expect(planText(plan)).toContain('click-count: 2 vertices, 4 subtasks, 2 slots')
})

test('when a parameter is not given, then the error names it and how to give it', () => {
  expect(() => clickCount.build({ params: { broker: 'typo' } })).toThrow(
    expect.objectContaining({ code: 'RT1705', fix: 'add --param brokers=value' }),
  )
})

test('when a parameter is empty, then the factory that takes it refuses', () => {
  expect(() => clickCount.build({ params: { brokers: '' } })).toThrow(
    expect.objectContaining({ code: 'RT1012' }),
  )
})

test('when parameters have a schema, then they are what it makes of them, or refused', () => {
  const params = v.object({
    topic: v.string(),
    bounded: v.pipe(
      v.string(),
      v.transform((text) => text === 'true'),
    ),
  })
  const seen: unknown[] = []
  const typed = job('typed', { params }, (flow) => {
    seen.push(flow.params)
    flow
      .from('in', kafka.source({ brokers: 'a:1', topic: flow.params.topic, bounded: flow.params.bounded }))
      .to('out', file.sink({ path: 'out' }))
  })
  typed.build({ params: { topic: 't', bounded: 'true', more: 'x' } })
  expect(seen).toEqual([{ topic: 't', bounded: true }])
  expect(() => typed.build({ params: { bounded: 'true' } })).toThrow(
    expect.objectContaining({
      code: 'RT1703',
      why: expect.stringContaining('topic'),
      fix: 'correct --param topic=value',
    }),
  )
})

test('when a schema is asynchronous, then it is refused', () => {
  const params = v.objectAsync({
    a: v.pipeAsync(
      v.string(),
      v.checkAsync(async () => true),
    ),
  })
  expect(() => job('async', { params }, () => undefined).build({ params: { a: '' } })).toThrow(
    expect.objectContaining({ code: 'RT1703' }),
  )
})

test('when the key of a table is none of its columns, then it is refused', () => {
  const wrong = () =>
    postgres.sink({
      database: 'postgres://x',
      table: 't',
      key: ['userId' as never],
      columns: { user_id: { from: 'userId', type: 'text' } },
    })
  expect(wrong).toThrow(expect.objectContaining({ code: 'RT1010' }))
})

test('when another copy of the library made a job, or an error, then both are known by their brand', () => {
  expect(isJob(clickCount)).toBe(true)
  expect(isJob({ [Symbol.for('retake.job/1')]: true })).toBe(true)
  expect(isJob({ name: 'click-count' })).toBe(false)
  expect(Object.assign(new Error(), { [Symbol.for('retake.error/1')]: true })).toBeInstanceOf(RetakeError)
  expect(new Error()).not.toBeInstanceOf(RetakeError)
})

test('when a job is built twice, then both graphs have one fingerprint', () => {
  const once = () => planOf(clickCount.build({ params: { brokers: 'a:1' } })).fingerprint
  expect(once()).toBe(once())
  expect(once()).toMatch(/^[0-9a-f]{64}$/)
})
