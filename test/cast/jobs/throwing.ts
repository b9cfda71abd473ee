import { customSink, customSource, discard, file, generator, job, of } from 'retake'
import { must } from './must.js'

interface Row {
  readonly id: number
  readonly name?: string
}

/** `at` says what throws; the rest of the job does nothing. */
export default job('throwing', { checkpoint: { interval: '1s' }, restart: { type: 'none' } }, (flow) => {
  const { at, lines } = flow.params
  const count = at === 'timer' ? undefined : 5
  const rows = flow.from(
    'rows',
    generator.source({ count, ratePerSecond: 1000, make: (_, id) => makeRow(id, at) }),
  )
  switch (at) {
    case 'schema':
      return flow
        .from('lines', file.source({ path: lines, schema: careless }))
        .union(rows)
        .to('out', discard())
    case 'source':
      return flow.from('shouted', shoutingSource()).union(rows).to('out', discard())
    case 'sink':
      return rows.to('out', shoutingSink())
    case 'map':
      return rows.map((row) => loudly(row)).to('out', discard())
    case 'partitioner':
      return rows
        .partitionCustom((row) => must(row.name).length)
        .map((row) => row)
        .to('out', discard())
    case 'key':
      return rows
        .keyBy((row) => must(row.name))
        .count('count')
        .to('out', discard())
    case 'promise':
      return rows
        .map((row) => {
          void later(row)
          return row
        })
        .to('out', discard())
    case 'timer':
      return rows
        .keyBy((row) => row.id)
        .process('ticker', {
          emits: of<string>(),
          onRecord: (_, ctx) => ctx.timers.in(1),
          onTimer(_timer, _ctx, emit) {
            emit(must(undefined))
          },
        })
        .to('out', discard())
    default:
      return rows.to('out', discard())
  }
})

function makeRow(id: number, at: string | undefined): Row {
  return at === 'make' ? { id, name: must(undefined) } : { id }
}

function loudly({ name }: Row): string {
  return must(name).toUpperCase()
}

async function later({ name }: Row): Promise<void> {
  await Promise.resolve()
  must(name)
}

const careless = {
  '~standard': {
    version: 1,
    vendor: 'here',
    validate: (value: unknown) => ({ value: must((value as Row).name) }),
  },
} as const

function shoutingSource() {
  return customSource({
    emits: of<string>(),
    splits: [{ split: 'all', owner: 0, position: 0 }],
    reader: () => ({
      addSplits() {},
      poll() {
        must(undefined)
        return 'end'
      },
      positions: () => [],
      async close() {},
    }),
  })
}

function shoutingSink() {
  return customSink({
    takes: of<Row>(),
    writer: () => ({
      async open() {},
      write(rows) {
        must((rows as readonly Row[])[0]?.name)
      },
      isReady: () => true,
      capture: () => ({ slice: () => true, upload: async () => ({}) }),
      onCheckpointComplete() {},
      async drain() {},
      async close() {},
    }),
  })
}
