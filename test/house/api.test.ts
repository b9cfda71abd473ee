import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { settingsOf } from '#src/api/options.js'
import { KAFKA_DEFAULTS } from '#src/connector/kafka/kafka-options.js'
import { PROJECT } from '../support/project.js'
import { apiPage, apiPagePath, configurationPage } from './api-page.js'
import { entriesOf, type PublicName, publicNamesOf } from './public-api.js'

const ENTRIES = entriesOf(JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')))
const NAMES = new Map([...ENTRIES].map(([entry, path]) => [entry, publicNamesOf(path)]))

const ABOUT: Readonly<Record<string, string>> = {
  retake: 'What job files import.',
  'retake/actor': 'The actor library, which is of use by itself: [actors](../actors.md).',
  'retake/kafka': 'Kafka, as a source of jobs.',
  'retake/postgres': 'PostgreSQL, as a sink of jobs.',
  'retake/testing': 'What tests import, and jobs never: [testing](../testing.md).',
}

test('when a name can be imported, then it has a docstring, and so has all that it holds', () => {
  const without = [...NAMES.values()].flat().flatMap(undocumented)
  expect([...new Set(without)]).toEqual([])
})

test.each([...ENTRIES.keys()])('when %s is looked up, then its page has what it exports', async (entry) => {
  const names = NAMES.get(entry) ?? []
  expect(names.length).toBeGreaterThan(3)
  const page = apiPage(entry, ABOUT[entry] ?? '', names)
  await expect(page).toMatchFileSnapshot(join(PROJECT, apiPagePath(entry)))
})

test('when options are looked up, then their page has each of them, with the default that the code takes', async () => {
  const { checkpoint, restart, parallelism, bufferTimeoutMs, chaining } = settingsOf({}, {})
  const page = configurationPage([
    {
      title: 'A job',
      about: 'Of `job(name, options, …)` and `topology(name, options, …)`.',
      name: named('JobOptions'),
      defaults: { parallelism, bufferTimeout: ms(bufferTimeoutMs), chaining, restart: restart.type },
    },
    {
      title: 'Checkpoints',
      about: '`checkpoint` of a job.',
      name: named('CheckpointPolicy'),
      defaults: {
        ...checkpoint,
        interval: ms(checkpoint.intervalMs),
        timeout: ms(checkpoint.timeoutMs),
        minPause: ms(checkpoint.minPauseMs),
      },
    },
    {
      title: 'Restarts',
      about: '`restart` of a job: `{ type, … }`, with the options of its type.',
      name: named('RestartStrategyOptions'),
      defaults: restartDefaults(),
    },
    { title: 'Operators', about: 'Of each operator, source and sink.', name: named('OperatorOptions') },
    {
      title: 'Aggregations',
      about: 'Of `sum`, `min`, `max`, `count` and `reduce`, besides.',
      name: named('AggregationOptions'),
    },
    {
      title: 'kafka.source',
      about: 'Of `kafka.source` in `retake/kafka`.',
      name: named('KafkaSourceOptions'),
      defaults: { ...KAFKA_DEFAULTS, fetch: undefined },
    },
    { title: 'kafka.source, sasl', about: 'A login.', name: named('KafkaSasl') },
    { title: 'kafka.source, tls', about: 'PEM texts, or secrets that hold them.', name: named('KafkaTls') },
    {
      title: 'kafka.source, fetch',
      about: 'How much is asked of a broker at once.',
      name: named('KafkaFetch'),
      defaults: KAFKA_DEFAULTS.fetch,
    },
    {
      title: 'postgres.sink',
      about: 'Of `postgres.sink` in `retake/postgres`.',
      name: named('PostgresSinkOptions'),
    },
    { title: 'file.source', about: 'Of `file.source`.', name: named('FileSourceOptions') },
    { title: 'file.sink', about: 'Of `file.sink`.', name: named('FileSinkOptions') },
    { title: 'generator.source', about: 'Of `generator.source`.', name: named('GeneratorSourceOptions') },
    { title: 'customSource', about: 'A source of your own.', name: named('CustomSourceOptions') },
    { title: 'customSink', about: 'A sink of your own.', name: named('CustomSinkOptions') },
  ])
  await expect(page).toMatchFileSnapshot(join(PROJECT, 'docs/reference/configuration.md'))
})

/** What is exported without a docstring, and its members that have none, as `Name.member`. */
function undocumented({ name, doc, members }: PublicName): string[] {
  const silent = members.filter((member) => !member.doc).map((member) => `${name}.${member.name}`)
  return doc ? silent : [name, ...silent]
}

function named(name: string): PublicName {
  const found = [...NAMES.values()].flat().find((each) => each.name === name)
  if (found === undefined) throw new Error(`nothing exports ${name}`)
  return found
}

/** What each restart strategy takes where nothing is said, by option; those that several have are the same. */
function restartDefaults(): Record<string, unknown> {
  const strategies = (['fixed-delay', 'failure-rate', 'exponential-delay'] as const).map(
    (type) => settingsOf({ restart: { type } }, {}).restart,
  )
  return Object.fromEntries(
    strategies
      .flatMap((strategy) => Object.entries(strategy))
      .map(([option, value]) => [option, DURATIONS.has(option) ? ms(Number(value)) : value]),
  )
}

const DURATIONS = new Set([
  'delay',
  'initialBackoff',
  'maxBackoff',
  'resetBackoffThreshold',
  'failureRateInterval',
])

/** As it is written in a job: `10s`. */
function ms(durationMs: number): string {
  const [unit, length] = (
    [
      ['h', 3_600_000],
      ['m', 60_000],
      ['s', 1_000],
      ['ms', 1],
    ] as const
  ).find(([, length]) => durationMs > 0 && durationMs % length === 0) ?? ['ms', 1]
  return `${durationMs / length}${unit}`
}
