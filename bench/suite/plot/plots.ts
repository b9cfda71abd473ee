import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Report } from '../report.js'
import { contendersPlot } from './contenders-plot.js'
import { latencyPlot } from './latency-plot.js'
import type { Subject } from './sheet.js'
import { timelinePlot } from './timeline-plot.js'

/** What can be drawn of a benchmark, if it was measured; one alone is no comparison. */
const KINDS: Readonly<Record<string, (subject: Subject) => string | undefined>> = {
  rates: (subject) => (subject.benchmark.contenders.length > 1 ? contendersPlot(subject) : undefined),
  timeline: timelinePlot,
  latency: latencyPlot,
}

/** Writes `<benchmark>-<kind>.svg` into a folder for all that a report has, and tells their names. */
export async function writePlots(report: Report, folder: string): Promise<readonly string[]> {
  await mkdir(folder, { recursive: true })
  const written: string[] = []
  for (const benchmark of report.benchmarks.filter(({ contenders }) => contenders.length > 0)) {
    for (const [kind, plot] of Object.entries(KINDS)) {
      const picture = plot({ ...report, benchmark })
      if (picture === undefined) continue
      const file = `${benchmark.name}-${kind}.svg`
      await writeFile(join(folder, file), picture)
      written.push(file)
    }
  }
  return written
}
