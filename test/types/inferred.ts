import * as v from 'valibot'
import { expectTypeOf } from 'vitest'
import type { Actor, ActorContext, ActorRef, ActorSystem, Asks } from '#src/actor/index.js'
import {
  consoleSink,
  customSink,
  customSource,
  discard,
  file,
  generator,
  hash,
  type Job,
  job,
  type KeyedStream,
  type OutPort,
  of,
  operator,
  type ProcessContext,
  type Sink,
  type SinkContext,
  type SinkWriter,
  type Source,
  type SourceContext,
  type SourceReader,
  type Stream,
  secret,
  state,
  topology,
} from '#src/api/index.js'
import { kafka } from '#src/api/kafka.js'
import { postgres } from '#src/api/postgres.js'
import {
  type JobSnapshot,
  operatorHarness,
  type ProcessHarness,
  portHarness,
  type Script,
  scripted,
  testJob,
} from '#src/testing/index.js'
import { Click } from './click.js'

/** What right programs infer. It compiles, or the build is red; `wrong.test.ts` compiles it too. */
type ClickRecord = { userId: string; url: string; ts: number; loggedIn: boolean }

const brokers = 'localhost:9092'

export const fromSchemaToSink = job('click-count', (flow) => {
  const clicks = flow.from(
    'clicks',
    kafka.source({ brokers: flow.params['brokers'], topic: 'clicks', schema: Click }),
  )
  expectTypeOf(clicks).toEqualTypeOf<Stream<ClickRecord>>()
  const rows = clicks.filter((click) => click.loggedIn).map((click) => ({ userId: click.userId, clicks: 1 }))
  expectTypeOf(rows).toEqualTypeOf<Stream<{ userId: string; clicks: number }>>()
  const keyed = rows.keyBy((row) => row.userId)
  expectTypeOf(keyed).toEqualTypeOf<KeyedStream<string, { userId: string; clicks: number }>>()
  const counts = keyed.sum('count', 'clicks')
  expectTypeOf(counts).toEqualTypeOf<Stream<{ userId: string; clicks: number }>>()
  counts.to(
    'table',
    postgres.sink({
      database: secret('database'),
      table: 'click_counts',
      key: ['user_id'],
      columns: { user_id: { from: 'userId', type: 'text' }, clicks: { from: 'clicks', type: 'bigint' } },
    }),
  )
  counts.to('console', consoleSink())
})

export const operators = job('operators', (flow) => {
  const clicks = flow.from('clicks', kafka.source({ brokers, topic: 'clicks', schema: Click }))
  expectTypeOf(clicks.keyBy((click) => [click.userId, click.ts])).toEqualTypeOf<
    KeyedStream<readonly [string, number], ClickRecord>
  >()
  expectTypeOf(clicks.keyBy((click) => click.loggedIn).count('n')).toEqualTypeOf<
    Stream<{ key: boolean; count: number }>
  >()
  const perUser = clicks.keyBy((click) => click.userId)
  expectTypeOf(perUser.max('last', 'ts', { combine: '20ms' })).toEqualTypeOf<Stream<ClickRecord>>()
  expectTypeOf(perUser.count('n', { combine: 20, parallelism: 2 })).toEqualTypeOf<
    Stream<{ key: string; count: number }>
  >()
  expectTypeOf(
    perUser.reduce('newest', (held, click) => (click.ts > held.ts ? click : held), { combine: '1s' }),
  ).toEqualTypeOf<Stream<ClickRecord>>()
  expectTypeOf(clicks.flatMap((click) => [click.ts])).toEqualTypeOf<Stream<number>>()
  const mixed = clicks.map((click) => (click.loggedIn ? click : undefined))
  const present = mixed.filter((click): click is ClickRecord => click !== undefined)
  expectTypeOf(present).toEqualTypeOf<Stream<ClickRecord>>()
  expectTypeOf(clicks.map((click) => click.ts).union(clicks.map((click) => click.url))).toEqualTypeOf<
    Stream<number | string>
  >()
  expectTypeOf(
    clicks
      .keyBy((click) => click.userId)
      .process('yielding', {
        state: { n: state.value(0), last: state.value(null as string | null) },
        *onRecord(click, ctx) {
          expectTypeOf(click).toEqualTypeOf<ClickRecord>()
          expectTypeOf(ctx.key).toEqualTypeOf<string>()
          expectTypeOf(ctx.state.n.get()).toEqualTypeOf<number>()
          expectTypeOf(ctx.state.last.get()).toEqualTypeOf<string | null>()
          yield { kind: 'record' as const }
        },
        *onTimer() {
          yield { kind: 'timer' as const }
        },
      }),
  ).toEqualTypeOf<Stream<{ kind: 'record' } | { kind: 'timer' }>>()
  expectTypeOf(
    clicks
      .keyBy((click) => click.userId)
      .process('emitting', {
        emits: of<number>(),
        onRecord: (click, _, emit) => emit(click.ts),
      }),
  ).toEqualTypeOf<Stream<number>>()
  const anything: Stream<unknown> = clicks
  anything.to('out', discard())
})

export const sources = job('sources', (flow) => {
  const text = kafka.source({ brokers, topic: 't', format: 'string' })
  expectTypeOf(flow.from('text', text)).toEqualTypeOf<Stream<string>>()
  const json = kafka.source({ brokers, topic: 't' })
  expectTypeOf(flow.from('json', json)).toEqualTypeOf<Stream<unknown>>()
  const withMeta = kafka.source({
    brokers,
    topic: 't',
    schema: Click,
    record: (click, meta) => ({ user: click.userId, offset: meta.offset }),
  })
  expectTypeOf(flow.from('meta', withMeta)).toEqualTypeOf<Stream<{ user: string; offset: bigint }>>()
  const lines = file.source({ path: 'a.txt', format: 'text' })
  expectTypeOf(flow.from('lines', lines)).toEqualTypeOf<Stream<string>>()
  expectTypeOf(flow.from('made', generator.source({ make: (_, index) => ({ index }) }))).toEqualTypeOf<
    Stream<{ index: number }>
  >()
})

const Params = v.object({
  topic: v.string(),
  bounded: v.pipe(
    v.string(),
    v.transform((text) => text === 'true'),
  ),
})

export const params = job('params', { params: Params }, (flow) => {
  expectTypeOf(flow.params).toEqualTypeOf<{ topic: string; bounded: boolean }>()
})

const Words = operator({
  receives: { word: of<string>() },
  emits: { length: of<number>(), long: of<string>() },
  state: { seen: state.value(0) },
  on: {
    word(word, ctx) {
      expectTypeOf(word).toEqualTypeOf<string>()
      expectTypeOf(ctx.state.seen.get()).toEqualTypeOf<number>()
      ctx.emit.length(word.length)
    },
  },
})

export const laidOut = topology('words', (t) => {
  const words = t.operator('words', Words)
  expectTypeOf(words.out.length).toEqualTypeOf<OutPort<number>>()
  const numbers: Sink<number> = discard()
  t.connect(words.out.length, t.sink('lengths', numbers).in)
  t.connect(
    words.out.long,
    words.in.word,
    hash((word) => word),
  )
})

const kept = { clicks: state.value(0), last: state.value(null as string | null) }

export const harnesses = async () => {
  const yielding = await operatorHarness({
    key: (click: ClickRecord) => click.userId,
    process: {
      state: kept,
      *onRecord(click, ctx) {
        expectTypeOf(click).toEqualTypeOf<ClickRecord>()
        expectTypeOf(ctx.key).toEqualTypeOf<string>()
        yield ctx.state.clicks.get()
      },
      *onTimer() {
        yield 'timer' as const
      },
    },
  })
  expectTypeOf(yielding).toEqualTypeOf<ProcessHarness<string, ClickRecord, typeof kept, number | 'timer'>>()
  expectTypeOf(yielding.state('ann', 'last')).toEqualTypeOf<string | null>()
  const emitting = {
    emits: of<number>(),
    state: kept,
    onRecord(click: ClickRecord, ctx: ProcessContext<string, typeof kept>, emit: (n: number) => void) {
      emit(click.ts + ctx.key.length)
    },
  }
  const described = await operatorHarness({ key: (click) => click.userId, process: emitting })
  expectTypeOf(described).toEqualTypeOf<ProcessHarness<string, ClickRecord, typeof kept, number>>()
  const words = await portHarness({ operator: Words, key: { word: (word) => word.length } })
  expectTypeOf(words.receive<'word'>).parameters.toEqualTypeOf<[port: 'word', record: string]>()
  expectTypeOf(words.state(7, 'seen')).toEqualTypeOf<number>()
  expectTypeOf(words.takeEmitted()).toEqualTypeOf<
    (
      | { readonly port: 'length'; readonly record: number }
      | { readonly port: 'long'; readonly record: string }
    )[]
  >()
}

export const ends = job('ends', (flow) => {
  const reader = (_: SourceContext): SourceReader => {
    throw new Error('never made')
  }
  const words = customSource({ splits: [], reader, emits: of<string>() })
  expectTypeOf(words).toEqualTypeOf<Source<string>>()
  const writer = (_: SinkContext): SinkWriter => {
    throw new Error('never made')
  }
  const rows = customSink({ takes: of<{ word: string }>(), keyFields: ['word'], writer })
  expectTypeOf(rows).toEqualTypeOf<Sink<{ word: string }>>()
  flow
    .from('words', words)
    .map((word) => ({ word, length: word.length }))
    .to('rows', rows)
  const limit = flow.params['limit'] // a parameter: what is missing throws where it is read
  flow.from('lines', file.source({ path: limit, schema: Click })).to('files', file.sink({ path: 'out' }))
})

/** Handlers return nothing that is heeded: a short form may return what comes of itself. */
export const shortForms = operator({
  receives: { word: of<string>() },
  emits: { long: of<string>() },
  on: { word: (word, ctx) => word.length > 10 && ctx.emit.long(word) },
})

type Count = { readonly type: 'count' } & Asks<number>
type CounterMessage = { readonly type: 'add'; readonly by: number } | Count

class Counter implements Actor<CounterMessage> {
  #count = 0

  receive(message: CounterMessage, ctx: ActorContext<CounterMessage>): void {
    if (message.type === 'add') this.#count += message.by
    else ctx.reply(this.#count)
  }
}

export const actors = async (system: ActorSystem) => {
  const counter = system.spawn('counter', new Counter())
  expectTypeOf(counter).toEqualTypeOf<ActorRef<CounterMessage>>()
  const adder: ActorRef<{ readonly type: 'add'; readonly by: number }> = counter // it takes that, too
  const count: Count = { type: 'count' }
  expectTypeOf(await system.ask(counter, count, { timeoutMs: 1_000 })).toEqualTypeOf<number>()
  return adder
}

export const jobs = async (tested: Job, restoreFrom: JobSnapshot) => {
  const clicks = scripted([{ userId: 'ann', url: '/', ts: 0, loggedIn: true }], [])
  expectTypeOf(clicks).toEqualTypeOf<Script<ClickRecord>>()
  const words = scripted<string>()
  const run = await testJob(tested, { sources: { clicks, words: words.add('a').end() }, restoreFrom })
  expectTypeOf(run.sink('table').committed()).toEqualTypeOf<unknown[]>()
  expectTypeOf(run.sink<ClickRecord>('table').rows()).toEqualTypeOf<ClickRecord[]>()
  expectTypeOf(await run.stop()).toEqualTypeOf<JobSnapshot>()
}
