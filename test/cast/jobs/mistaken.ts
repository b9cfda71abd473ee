import { customSink, customSource, discard, type Flow, file, generator, job, of } from 'retake'
import { kafka } from 'retake/kafka'
import { postgres } from 'retake/postgres'

const rows = generator.source({ count: 5, make: (_, id) => ({ id, name: `n${id}` }) })
const table = {
  database: 'postgres://nowhere/db',
  table: 'rows',
  key: ['id'],
  columns: { id: { from: 'id', type: 'bigint' } },
} as const

/**
 * What users get wrong where no compiler looks, by the code of the error that it must be: it names the line on which
 * the comment `// here` stands. `never` is what makes it compile here.
 */
const MISTAKES: Readonly<Record<string, (flow: Flow) => unknown>> = {
  'RT1001 an id twice': (flow) => {
    flow.from('same', rows).to('same', discard()) // here
  },
  'RT1002 no sink': (flow) => flow.from('rows', rows), // here
  'RT1004 an empty id': (flow) => flow.from('', rows), // here
  'RT1004 no id of a state': (flow) => {
    flow
      .from('rows', rows)
      .keyBy(({ id }) => id)
      .count(undefined as never) // here
  },
  'RT1006 parallelism of none': (flow) => {
    flow
      .from('rows', rows)
      .map((row) => row, { parallelism: 0 }) // here
      .to('out', discard())
  },
  'RT1007 a union with no stream': (flow) => {
    flow.from('rows', rows).union(7 as never) // here
  },
  'RT1008 a loose end': (flow) => {
    flow.from('rows', rows).to('out', discard())
    flow.from('loose', rows) // here
  },
  'RT1010 a key that is no column': (flow) => {
    flow.from('rows', rows).to(
      'out',
      postgres.sink({ ...table, key: ['idd' as 'id'] }), // here
    )
  },
  'RT1010 no key': (flow) => {
    flow.from('rows', rows).to('out', postgres.sink({ ...table, key: [] as never })) // here
  },
  'RT1011 no function': (flow) => {
    flow.from('rows', rows).map(undefined as never) // here
  },
  'RT1012 no source': (flow) => flow.from('rows', undefined as never), // here
  'RT1012 a sink as a source': (flow) => flow.from('rows', discard() as never), // here
  'RT1012 no sink': (flow) => {
    flow.from('rows', rows).to('out', undefined as never) // here
  },
  'RT1012 a source as a sink': (flow) => {
    flow.from('rows', rows).to('out', rows as never) // here
  },
  'RT1012 no function in a process': (flow) => {
    flow
      .from('rows', rows)
      .keyBy(({ id }) => id)
      .process('act', (() => 1) as never) // here
  },
  'RT1012 a format that is none': (flow) =>
    flow.from(
      'lines',
      file.source({ path: 'x', format: 'csv' as never }), // here
    ),
  'RT1012 a negative count': (flow) =>
    flow.from(
      'rows',
      generator.source({ count: -1, make: () => 1 }), // here
    ),
  'RT1012 no brokers': (flow) =>
    flow.from(
      'rows',
      kafka.source({ topic: 'rows' } as never), // here
    ),
  'RT1012 no database': (flow) => {
    flow.from('rows', rows).to(
      'out',
      postgres.sink({ ...table, database: '' }), // here
    )
  },
  'RT1012 splits that are none': (flow) =>
    flow.from(
      'own',
      customSource({ splits: [{ split: 'a' }], reader: () => 1, emits: of<number>() } as never), // here
    ),
  'RT1012 no reader': (flow) =>
    flow.from(
      'own',
      customSource({ splits: [], emits: of<number>() } as never), // here
    ),
  'RT1012 no writer': (flow) => {
    flow.from('rows', rows).to(
      'own',
      customSink({ takes: of<unknown>() } as never), // here
    )
  },
  'RT1105 a method that is none': (flow) => {
    ;(flow.from('rows', rows) as never as { mapp(map: unknown): void }).mapp((row: unknown) => row) // here
  },
  'RT1603 an async filter': (flow) => {
    flow.from('rows', rows).filter((async () => false) as never) // here
  },
  'RT1701 no duration': (flow) => {
    flow
      .from('rows', rows)
      .keyBy(({ id }) => id)
      .count('count', { combine: 'soon' as never }) // here
  },
  'RT1705 a parameter that is missing': (flow) =>
    flow.from(
      'lines',
      file.source({ path: flow.params['input'] }), // here
    ),
}

/** Wrong options of the job itself are told with its own line. */
const WRONG_OPTIONS = {
  'RT1701 an interval': { checkpoint: { interval: '5 sec' } },
  'RT1702 a strategy': { restart: 'none' },
  'RT1702 the type of a strategy': { restart: { type: 'always' } },
  'RT1704 a mode': { checkpoint: { mode: 'exactly_once' } },
  'RT1006 max parallelism': { maxParallelism: 1e9 },
} as const

/** A job for each of them. */
const jobOf = (mistake: string, options: object) =>
  job('mistaken', options, (flow) => MISTAKES[mistake]?.(flow)) // the job

export const JOBS = [
  ...Object.keys(MISTAKES).map((mistake) => [mistake, jobOf(mistake, {})] as const),
  ...Object.entries(WRONG_OPTIONS).map(([mistake, options]) => [mistake, jobOf(mistake, options)] as const),
]

export default jobOf('', {})
