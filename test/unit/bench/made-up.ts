import type { BenchmarkReport, ContenderReport, Report } from '../../../bench/suite/report.js'
import { rateOf, type Sample } from '../../../bench/suite/sample.js'
import { spreadOf } from '../../../bench/suite/spread.js'

/** What nothing was measured for: a report as somebody may have saved it. */
export function reportOf(change: Partial<Report> = {}): Report {
  return {
    schema: 'retake.bench/1',
    startedAt: '2026-11-27T06:40:15.181Z',
    command: ['made-up'],
    machine: { cpu: 'Z80', cores: 2, memoryBytes: 8 * 1_024 ** 3, kernel: 'Linux 6.1', loadBefore: 0.1 },
    code: { version: '0.1.0', commit: 'abcdef012345', isDirty: false, node: '20.20.2', v8: '11.3' },
    benchmarks: [benchmarkOf()],
    ...change,
  }
}

export function benchmarkOf(change: Partial<BenchmarkReport> = {}): BenchmarkReport {
  return {
    ...{ name: 'made-up', question: 'Does it run?', unit: 'turns', configuration: { turns: 1_000 } },
    contenders: [
      contenderOf('bare loop', [100, 102, 98, 101, 99]),
      contenderOf('retake', [80, 81, 79, 80, 80]),
    ],
    absent: [],
    targets: [],
    ...change,
  }
}

/** With these rates, round by round. */
export function contenderOf(
  name: string,
  rates: readonly number[],
  sampleOf: (round: number) => Partial<Sample> = () => ({}),
): ContenderReport {
  const samples = rates.map((rate, round) => ({ count: 1_000, seconds: 1_000 / rate, ...sampleOf(round) }))
  return { name, samples, rate: spreadOf(samples.map(rateOf)) }
}
