import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PLAIN } from '#src/cli/palette.js'
import type { Benchmark, Contest } from '../../../bench/suite/benchmark.js'
import { Histogram } from '../../../bench/suite/histogram.js'
import { measure } from '../../../bench/suite/measure-command.js'
import type { Report } from '../../../bench/suite/report.js'
import type { RunRequest } from '../../../bench/suite/request.js'
import type { Sample } from '../../../bench/suite/sample.js'
import { PROJECT } from '../../support/project.js'
import { recordingTerminal } from '../cli/recording-terminal.js'

const schema = JSON.parse(readFileSync(join(PROJECT, 'bench/report.schema.json'), 'utf8'))
const isReport = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema)
const NO_TRIPS = new AbortController().signal

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'retake-bench-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe('the schema', () => {
  test('when a report with all that a report may have is saved, then it is one', async () => {
    const failing: Benchmark = { ...benchmarkOf({}), prepare: () => Promise.reject(new Error('out of luck')) }
    const { report } = await saved([
      benchmarkOf({ contenders: [complete()] }),
      { ...failing, name: 'failing' },
    ])

    expect(isReport(report), JSON.stringify(isReport.errors)).toBe(true)
    expect(report.failures).toEqual([{ name: 'failing', error: 'out of luck' }])
    expect(report.benchmarks[0]?.targets).toHaveLength(2)
  })

  test.each<[string, (report: Mutable) => void]>([
    ['a version is another', (report) => (report.schema = 'retake.bench/2')],
    ['the machine is missing', (report) => delete report.machine],
    ['a rate is text', (report) => (report.benchmarks[0].contenders[0].rate.median = '5')],
    ['a contender has no rounds', (report) => (report.benchmarks[0].contenders[0].samples = [])],
    ['a count is nothing', (report) => (report.benchmarks[0].contenders[0].samples[0].count = 0)],
    ['a curve has three axes', (report) => latencyOf(report).curve[0].push(3)],
    ['an event is of no kind', (report) => (timelineOf(report).events[0].kind = 'lunch')],
    ['a ledger does not tell what is lost', (report) => delete sampleOf(report).ledger.lost],
    ['a field is misspelt', (report) => (sampleOf(report).cpuSecond = 3)],
  ])('when %s, then it is none', async (_, change) => {
    const { report } = await saved([benchmarkOf({ contenders: [complete()] })])
    change(report as Mutable)

    expect(isReport(report)).toBe(false)
  })

  // biome-ignore lint/suspicious/noExplicitAny: a report that is to become wrong
  type Mutable = any
  const sampleOf = (report: Mutable) => report.benchmarks[0].contenders[0].samples[0]
  const latencyOf = (report: Mutable) => sampleOf(report).latency['to sink']
  const timelineOf = (report: Mutable) => sampleOf(report).timeline
})

test('when a later benchmark is interrupted, then the earlier one is saved', async () => {
  const interruption = new AbortController()
  const interrupted: Benchmark = {
    ...benchmarkOf({}),
    prepare() {
      interruption.abort(new Error('Ctrl-C'))
      return new Promise(() => {})
    },
  }
  const save = join(folder, 'deep', 'report.json')
  const request = requestOf({ save })

  await expect(
    measured([benchmarkOf({ contenders: [complete()] }), interrupted], request, interruption.signal),
  ).rejects.toThrow('Ctrl-C')
  expect(readReport(save).benchmarks).toHaveLength(1)
})

test('when it is to be JSON, then standard output is the report and nothing else', async () => {
  const { data } = await measured([benchmarkOf({ contenders: [complete()] })], requestOf({ isJson: true }))

  expect(isReport(JSON.parse(data))).toBe(true)
})

describe('what it ends with', () => {
  const lossy = complete({ ledger: { produced: 9, accounted: 8, lost: 1, duplicated: 0 } })
  const slow = { name: 'slow', measure: async () => ({ count: 1, seconds: 1 }) }
  const floor = { kind: 'ratio', of: 'slow', over: 'retake', aim: 2, floor: 1 } as const

  test.each<[string, Partial<Contest>, boolean, number]>([
    ['all is well', {}, false, 0],
    ['records were lost', { contenders: [lossy], targets: [] }, false, 9],
    ['a floor is not kept', { contenders: [complete(), slow], targets: [floor] }, false, 0],
    ['a floor is not kept in a check', { contenders: [complete(), slow], targets: [floor] }, true, 1],
    [
      'nobody is there',
      { contenders: [], targets: [], absent: [{ name: 'flink', why: 'no Java' }] },
      true,
      0,
    ],
  ])('when %s, then with the code for that', async (_, contest, isCheck, expected) => {
    const { code } = await measured([benchmarkOf(contest)], requestOf({ isCheck }))

    expect(code).toBe(expected)
  })

  test('when it is a check, then with the line that counts, and what failed or was skipped by its name', async () => {
    const contest = {
      contenders: [complete(), slow],
      targets: [floor],
      absent: [{ name: 'flink', why: 'no Java' }],
    }
    const { data } = await measured([benchmarkOf(contest)], requestOf({ isCheck: true }))

    // Passed: the benchmark runs, and its ledger is right.
    expect(data.split('\n').slice(-4)).toEqual([
      'failed made-up: slow has 2 of the rate of retake',
      'skipped made-up: flink: no Java',
      '2 passed, 1 failed, 1 skipped',
      '',
    ])
  })

  test('when a benchmark throws, then the others go on and it is told', async () => {
    const failing: Benchmark = { ...benchmarkOf({}), prepare: () => Promise.reject(new Error('out of luck')) }
    const { code, talk, data } = await measured([failing, benchmarkOf({})], requestOf({}))

    expect(code).toBe(1)
    expect(talk).toContain('made-up failed: Error: out of luck')
    expect(data).toContain('Does it run?')
  })
})

test('when it is shown, then every figure has its place', async () => {
  const nact = { name: 'nact', measure: async () => ({ count: 200_000, seconds: 2 }) }
  const { data } = await measured([benchmarkOf({ contenders: [nact, complete()] })], requestOf({}))
  const lines = data.split('\n').map((line) => line.replaceAll(/ +/g, ' '))

  for (const line of [
    'made-up Does it run?',
    'turns 1,000 · 1 round',
    'contender turns/s ratio cpu s/M memory gc ledger',
    'nact 100k 1.00 - - - -',
    'retake 500k 5.00 3.20 95.4 MB 5% 0 lost, 0 twice',
    'retake to sink 12 ms 12 ms 12 ms 12 ms',
    'contender start up longest stop',
    'retake 1.2 s 17 ms',
    '✔ retake has 0.8 of the rate of retake: 1; keeps its floor of 0.50',
    '✔ retake loses none and counts none twice: 0',
  ])
    expect(lines).toContain(line)
})

async function saved(benchmarks: readonly Benchmark[]): Promise<{ report: Report }> {
  const save = join(folder, 'report.json')
  await measured(benchmarks, requestOf({ save }))
  return { report: readReport(save) }
}

function readReport(path: string): Report {
  return JSON.parse(readFileSync(path, 'utf8'))
}

async function measured(benchmarks: readonly Benchmark[], request: RunRequest, signal = NO_TRIPS) {
  const { terminal, data, talk } = recordingTerminal()
  const interruption = { signal, lift() {} }
  const context = {
    ...{ terminal, palette: PLAIN, interruption, command: ['made-up'] },
    areServersRequired: false,
  }
  const code = await measure(request, benchmarks, [], context)
  return { code, data: data(), talk: talk() }
}

function requestOf(change: Partial<RunRequest>): RunRequest {
  return { kind: 'run', names: ['made-up'], isCheck: false, isJson: false, rounds: 1, ...change }
}

function benchmarkOf(contest: Partial<Contest>): Benchmark {
  const target = { kind: 'ratio', of: 'retake', over: 'retake', aim: 0.8, floor: 0.5 } as const
  return {
    ...{ name: 'made-up', question: 'Does it run?', unit: 'turns' },
    prepare: async () => ({
      ...{ configuration: { turns: 1_000 }, contenders: [complete()], targets: [target] },
      ...contest,
    }),
  }
}

/** Tells all that a sample may tell: the compiler sees to that. */
function complete(change: Partial<Sample> = {}) {
  const histogram = new Histogram()
  histogram.record(12, 100)
  const sample: Required<Sample> = {
    ...{ count: 1_000_000, seconds: 2, cpuSeconds: 3.2, rssBytes: 1e8, gcSeconds: 0.1 },
    latency: { 'to sink': histogram.percentiles() },
    timeline: {
      windowSeconds: 0.1,
      rates: [10, 20, 20],
      steady: [1, 3],
      events: [
        { at: 0.1, kind: 'checkpoint', seconds: 0.05 },
        { at: 0.2, kind: 'kill' },
      ],
    },
    ledger: { produced: 9, accounted: 9, lost: 0, duplicated: 0 },
    figures: { startUpSeconds: 1.2, longestStopMs: 17 },
  }
  return { name: 'retake', measure: async () => ({ ...sample, ...change }) }
}
